package alert

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"syscall"
	"time"

	"assay/results"
)

// Webhook posts alerts to a URL as Slack's incoming webhooks take them. A
// failure is for the caller to report; it never fails a run.
type Webhook struct {
	URL string
	// Client is http.DefaultClient if nil. Attempts is 4 if 0; Wait is what the
	// second attempt waits, doubled for each one after, 1 second if 0.
	Client   *http.Client
	Attempts int
	Wait     time.Duration
}

// CheckURL says why a URL cannot be posted to, or nil. Its error, like all of this
// type, does not contain the URL, which is a secret.
func (h Webhook) CheckURL() error {
	u, err := url.Parse(h.URL)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" {
		return errors.New("the webhook's URL cannot be posted to; it must begin with https:// or http:// and name a host")
	}
	return nil
}

// mostBlocks bounds a message: Slack takes 50 blocks, and nobody reads them.
const mostBlocks = 20

// message is Slack's: text is what a notification shows, blocks the message.
type message struct {
	Text   string  `json:"text"`
	Blocks []block `json:"blocks,omitempty"`
}

type block struct {
	Type string `json:"type"`
	Text text   `json:"text"`
}

type text struct {
	Type string `json:"type"`
	Text string `json:"text"`
}

// Post sends the alerts; none are not sent. It retries what may pass: a lost
// connection, 429 and the server's own errors.
func (h Webhook) Post(ctx context.Context, alerts []Alert) error {
	if len(alerts) == 0 {
		return nil
	}
	body, err := json.Marshal(slack(alerts))
	if err != nil {
		return fmt.Errorf("write the webhook's message: %w", err)
	}
	attempts, wait := h.Attempts, h.Wait
	if attempts == 0 {
		attempts = 4
	}
	if wait == 0 {
		wait = time.Second
	}
	for try := 1; ; try++ {
		again, err := h.post(ctx, body)
		if err == nil {
			return nil
		}
		if !again || try == attempts {
			return fmt.Errorf("post %d alerts to the webhook (attempt %d): %w", len(alerts), try, err)
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("post %d alerts to the webhook: %w", len(alerts), ctx.Err())
		case <-time.After(wait):
		}
		wait *= 2
	}
}

// post sends once and says whether another attempt may help. A redirect is not
// followed, nor an answer quoted: both are somebody else's words.
func (h Webhook) post(ctx context.Context, body []byte) (again bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	if err := h.CheckURL(); err != nil {
		return false, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, h.URL, bytes.NewReader(body))
	if err != nil {
		return false, errors.New("its URL cannot be used")
	}
	req.Header.Set("Content-Type", "application/json")
	client := http.Client{}
	if h.Client != nil {
		client = *h.Client
	}
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	res, err := client.Do(req)
	if err != nil {
		return true, unreached(err)
	}
	defer res.Body.Close()
	if res.StatusCode/100 == 2 {
		return false, nil
	}
	said := strings.TrimSpace(fmt.Sprintf("%d %s", res.StatusCode, http.StatusText(res.StatusCode)))
	if res.StatusCode/100 == 3 {
		return false, fmt.Errorf("it answered %s, and redirects are not followed", said)
	}
	again = res.StatusCode == http.StatusTooManyRequests || res.StatusCode >= 500
	return again, fmt.Errorf("it answered %s", said)
}

// unreached says why there was no answer, without the address.
func unreached(err error) error {
	var dns *net.DNSError
	var no syscall.Errno
	var timeout net.Error
	switch {
	case errors.Is(err, context.Canceled):
		return context.Canceled
	case errors.As(err, &dns):
		return errors.New("its host was not found")
	case errors.As(err, &no):
		return no
	case errors.As(err, &timeout) && timeout.Timeout():
		return errors.New("it did not answer in time")
	}
	return errors.New("it cannot be reached, or not understood")
}

func slack(alerts []Alert) message {
	m := message{Text: slackEscape(fmt.Sprintf("assay: %s", summary(alerts)))}
	for i, a := range alerts {
		if i == mostBlocks {
			m.Blocks = append(m.Blocks, section(fmt.Sprintf("and %d more", len(alerts)-i)))
			break
		}
		b := slackEscape(oneLine(a))
		for _, l := range plain(a) {
			b += "\n• " + slackEscape(results.Printable(l))
		}
		m.Blocks = append(m.Blocks, section(b))
	}
	return m
}

// section is a block of plain text, which neither formats nor mentions; Slack
// takes 3000 characters in one.
func section(s string) block {
	if r := []rune(s); len(r) > 2900 {
		s = string(r[:2900]) + " …"
	}
	return block{"section", text{"plain_text", s}}
}

// slackEscape is what Slack asks for in every text.
func slackEscape(s string) string {
	return strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;").Replace(s)
}

func summary(alerts []Alert) string {
	regressions, recovered := 0, 0
	for _, a := range alerts {
		switch {
		case a.Regression:
			regressions++
		case a.State == Recovered:
			recovered++
		}
	}
	return fmt.Sprintf("%d regressions or changes, %d recovered, %d other", regressions, recovered, len(alerts)-regressions-recovered)
}
