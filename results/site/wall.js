// Filters and sorts the wall; what was chosen stands in the address.
(() => {
  const table = document.getElementById('wall'), body = table.tBodies[0], rows = [...body.rows];
  const filters = document.querySelectorAll('#filters [name]'), state = document.getElementById('state');
  const numbers = new Set(['rank', 'value', 'delta', 'off']);
  let sort = '', down = false;

  for (const f of filters) {
    if (f.tagName === 'SELECT') {
      for (const v of [...new Set(rows.map(r => r.dataset[f.name]))].sort()) f.add(new Option(v, v));
    }
    f.addEventListener('input', () => { show(); remember(); });
  }
  for (const th of table.tHead.rows[0].cells) {
    if (!th.dataset.sort) continue;
    th.querySelector('button').addEventListener('click', () => {
      down = sort === th.dataset.sort ? !down : numbers.has(th.dataset.sort) && th.dataset.sort !== 'rank';
      sort = th.dataset.sort;
      order(); remember();
    });
  }

  function show() {
    const by = Object.fromEntries([...filters].map(f => [f.name, f.value]));
    const words = by.q.toLowerCase().split(/\s+/).filter(Boolean);
    let n = 0;
    for (const r of rows) {
      const text = r.textContent.toLowerCase();
      r.hidden = !words.every(w => text.includes(w)) || ['machine', 'runtime', 'model', 'state'].some(k => by[k] && r.dataset[k] !== by[k]);
      n += !r.hidden;
    }
    state.textContent = n === rows.length ? '' : n + ' of ' + rows.length + ' cases';
  }

  function order() {
    for (const th of table.tHead.rows[0].cells) {
      if (th.dataset.sort === sort) th.setAttribute('aria-sort', down ? 'descending' : 'ascending');
      else th.removeAttribute('aria-sort');
    }
    if (!sort) return;
    const of = r => numbers.has(sort) ? Number(r.dataset[sort]) : r.dataset[sort];
    const compare = (a, b) => numbers.has(sort) ? of(a) - of(b) : of(a).localeCompare(of(b), undefined, { numeric: true });
    rows.sort((a, b) => down ? compare(b, a) : compare(a, b));
    body.append(...rows);
  }

  function remember() {
    const at = new URLSearchParams();
    for (const f of filters) if (f.value) at.set(f.name, f.value);
    if (sort) at.set('sort', (down ? '-' : '') + sort);
    history.replaceState(null, '', '#' + at);
  }

  function recall() {
    const at = new URLSearchParams(location.hash.slice(1));
    for (const f of filters) f.value = at.get(f.name) || '';
    sort = at.get('sort') || '';
    down = sort.startsWith('-');
    sort = sort.replace(/^-/, '');
    show(); order();
  }
  addEventListener('hashchange', recall);
  recall();
})();
