// Sets two runs side by side; which they are stands in the address. A machine's
// figures are read as a script, which works for files, too.
(() => {
  const by = name => document.querySelector('#choice [name=' + name + ']');
  const machines = {}, waiting = {};
  const state = document.getElementById('state'), body = document.getElementById('both').tBodies[0];

  window.assay = (id, data) => { machines[id] = data; waiting[id]?.forEach(f => f(data)); delete waiting[id]; };
  const load = id => new Promise(done => {
    if (machines[id]) return done(machines[id]);
    if (waiting[id]) return waiting[id].push(done);
    waiting[id] = [done];
    const script = document.createElement('script');
    script.src = [...by('ma').options].find(o => o.value === id).dataset.file;
    document.body.append(script);
  });

  const short = v => v >= 100 ? v.toFixed(0) : v >= 10 ? v.toFixed(1) : v.toFixed(2);
  const percent = v => (v >= 0 ? '+' : '-') + Math.abs(100 * v).toFixed(1) + ' %';
  const measured = (c, at) => c.in.some(([first, last]) => first <= at && at <= last);
  const stepAt = (steps, at) => steps?.findLast(([from]) => from <= at)?.[1];

  function fill(select, data, want) {
    select.replaceChildren(...data.runs.map(r =>
      new Option(r.day + '  ' + r.id + (r.tags ? ' (' + r.tags.join(', ') + ')' : '') + (r.unfit ? ', unfit' : ''), r.id)).reverse());
    if (data.runs.some(r => r.id === want)) select.value = want;
  }

  function row(c, cells) {
    const tr = body.insertRow();
    const labels = ['Model', 'Test', 'Settings', 'Before', 'After', 'Change', 'Intervals', 'Cache, operations'];
    const link = document.createElement('a');
    link.href = c.page;
    link.textContent = c.model;
    [link, c.test, [c.runtime, c.settings].filter(Boolean).join(', '), ...cells].forEach((v, i) => {
      const td = tr.insertCell();
      td.dataset.label = labels[i];
      td.append(v);
      if (i >= 3 && i <= 5) td.className = 'n';
      if (i === 2) td.className = 'wrap soft';
    });
    return tr;
  }

  function compare(A, B) {
    const a = A.runs.findIndex(r => r.id === by('a').value), b = B.runs.findIndex(r => r.id === by('b').value);
    const before = new Map(A.cases.filter(c => measured(c, a)).map(c => [c.key, c]));
    const found = [];
    let both = 0, only = 0;
    for (const c of B.cases) {
      if (!measured(c, b)) continue;
      const was = before.get(c.key);
      if (!was) { only++; continue; }
      before.delete(c.key);
      both++;
      const p = was.speed?.find(s => s[0] === a), q = c.speed?.find(s => s[0] === b);
      const change = p && q ? q[1] / p[1] - 1 : 0;
      const apart = p && q && p.length === 4 && q.length === 4 && (q[2] > p[3] || q[3] < p[2]);
      const exact = ['kv', 'flops'].filter(k => stepAt(was[k], a) !== stepAt(c[k], b));
      if (apart || exact.length || by('all').checked) found.push({ c, p, q, change, apart, exact });
    }
    only += before.size;
    found.sort((x, y) => y.exact.length - x.exact.length || y.apart - x.apart || x.change - y.change);
    body.replaceChildren();
    for (const { c, p, q, change, apart, exact } of found) {
      const words = exact.map(k => (k === 'kv' ? 'KV bytes' : 'operations') + ' differ').join(', ');
      const tr = row(c, [p ? short(p[1]) : '', q ? short(q[1]) : '', p && q ? percent(change) : '',
        p && q ? (apart ? 'apart' : p.length + q.length === 8 ? 'overlap' : 'not known') : '', words || 'equal']);
      if (apart) tr.cells[5].classList.add(change < 0 ? 'off' : 'good');
      if (words) tr.cells[7].classList.add('off');
    }
    const moved = found.filter(f => f.apart || f.exact.length).length;
    state.textContent = both + ' cases in both runs, ' + moved + ' of them with intervals apart or other bytes or operations' + (only ? '; ' + only + ' cases only in one of them' : '') + '.';
    document.getElementById('command').textContent = 'assay diff ' + by('a').value + ' ' + by('b').value;
  }

  async function show(a, b) {
    const A = await load(by('ma').value), B = await load(by('mb').value);
    if (a !== undefined) {
      fill(by('a'), A, a || A.runs.at(-2)?.id);
      fill(by('b'), B, b || B.runs.at(-1)?.id);
    }
    compare(A, B);
  }

  function remember() {
    history.replaceState(null, '', '#' + new URLSearchParams({ m: by('ma').value, mb: by('mb').value, a: by('a').value, b: by('b').value }));
  }

  function recall() {
    const at = new URLSearchParams(location.hash.slice(1));
    by('ma').value = at.get('m') || by('ma').options[0]?.value;
    by('mb').value = at.get('mb') || by('ma').value;
    show(at.get('a') || '', at.get('b') || '');
  }
  for (const name of ['ma', 'mb']) by(name).addEventListener('input', () => show('', '').then(remember));
  for (const name of ['a', 'b', 'all']) by(name).addEventListener('input', () => show().then(remember));
  addEventListener('hashchange', recall);
  if (by('ma').options.length) recall();
})();
