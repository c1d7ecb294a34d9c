// Package kept is the commands that read what was measured: they choose runs, have the
// packages of results compare, order or write them, and have show print. It does not
// know how anything is measured.
package kept

import (
	"assay/harness/archive"
	"assay/harness/failure"
	"assay/harness/home"
	"assay/results"
	"assay/results/alert"
	"context"
)

// Webhook is where alerts are posted to: what was given, or else the environment's.
// One that cannot be is refused before anything is measured.
func Webhook(given string) (alert.Webhook, error) {
	url, err := home.Secret(given, "ASSAY_WEBHOOK")
	if err != nil {
		return alert.Webhook{}, failure.Input(err)
	}
	hook := alert.Webhook{URL: url}
	if url == "" {
		return hook, nil
	}
	if err := hook.CheckURL(); err != nil {
		return hook, failure.Input(err)
	}
	return hook, nil
}

// selected are runs for which nothing else of their store is wanted.
func selected(ctx context.Context, dsn string, selectors []string) ([]results.Run, error) {
	db, err := archive.Read(ctx, dsn)
	if err != nil {
		return nil, err
	}
	defer db.Close()
	return archive.Select(ctx, db, selectors)
}
