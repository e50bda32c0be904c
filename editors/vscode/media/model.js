// Draws what the extension sends. All text is set as text, never as markup; of the graph only shapes and words are taken over.
(() => {
  const vscode = acquireVsCodeApi();
  const element = (id) => document.getElementById(id);
  const panes = { table: element('table'), graph: element('graph') };
  let marked;

  const SVG = 'http://www.w3.org/2000/svg';
  const DRAWN = new Set(['svg', 'g', 'path', 'rect', 'text', 'tspan', 'title', 'line', 'polygon', 'circle', 'defs', 'marker']);

  function make(tag, text, className) {
    const made = document.createElement(tag);
    if (text !== undefined) made.textContent = text;
    if (className) made.className = className;
    return made;
  }

  const count = (value) => (value === null ? '?' : typeof value === 'number' ? value.toLocaleString('en-US') : value);

  function select(tab) {
    for (const [name, pane] of Object.entries(panes)) {
      pane.hidden = name !== tab;
      element(`tab-${name}`).setAttribute('aria-selected', String(name === tab));
    }
    vscode.setState({ tab });
    scroll();
  }

  function clickable(made, layer, index) {
    made.dataset.layer = String(index);
    if (!layer.range) return;
    made.classList.add('place');
    made.setAttribute('tabindex', '0');
    const go = () => vscode.postMessage({ type: 'reveal', layer: index });
    made.addEventListener('click', go);
    made.addEventListener('keydown', (event) => event.key === 'Enter' && go());
  }

  function drawTable(model) {
    const table = make('table');
    const head = table.createTHead().insertRow();
    for (const [text, className] of [['Layer'], ['Class'], ['Output shape'], ['Parameters', 'number']]) {
      const cell = make('th', text, className);
      cell.scope = 'col';
      head.append(cell);
    }
    const body = table.createTBody();
    model.layers.forEach((layer, index) => {
      const row = body.insertRow();
      const name = make('td', layer.name, 'name');
      name.dataset.depth = String(Math.min(layer.depth, 6));
      row.append(name, make('td', layer.class), make('td', layer.output || '?', 'shape'), make('td', count(layer.params), 'number'));
      if (layer.failed) row.classList.add('failed');
      clickable(row, layer, index);
    });
    const totals = model.text
      .split('\n')
      .filter((line) => /params: /.test(line))
      .map((line) => make('p', line.trim(), 'total'));
    panes.table.replaceChildren(table, ...totals);
  }

  function take(node) {
    if (node.nodeType === Node.TEXT_NODE) return document.createTextNode(node.data);
    if (node.nodeType !== Node.ELEMENT_NODE || node.namespaceURI !== SVG || !DRAWN.has(node.localName)) return undefined;
    const made = document.createElementNS(SVG, node.localName);
    for (const { name, value } of node.attributes) {
      if (!name.startsWith('on') && name !== 'style' && !name.includes('href') && name !== 'xmlns') made.setAttribute(name, value);
    }
    made.append(...[...node.childNodes].map(take).filter(Boolean));
    return made;
  }

  function drawGraph(model) {
    const parsed = new DOMParser().parseFromString(model.svg, 'image/svg+xml');
    const drawing = take(parsed.documentElement);
    panes.graph.replaceChildren(...(drawing ? [drawing] : []));
    for (const group of panes.graph.querySelectorAll('[data-layer]')) {
      const index = Number(group.dataset.layer);
      if (model.layers[index]) clickable(group, model.layers[index], index);
    }
  }

  const stands = (made, layer) => (made.dataset.layers ?? made.dataset.layer).split(' ').includes(String(layer));

  function mark(layer) {
    marked = layer;
    for (const made of document.querySelectorAll('[data-layer]')) made.classList.toggle('marked', stands(made, layer));
    scroll();
  }

  function scroll() {
    for (const made of document.querySelectorAll('.marked')) made.scrollIntoView({ block: 'nearest', inline: 'nearest' });
  }

  function notice(text) {
    element('notice').textContent = text ?? '';
    element('notice').hidden = !text;
  }

  let drawn = false;
  window.addEventListener('message', ({ data }) => {
    if (data.type === 'model') {
      const { model } = data;
      element('title').textContent = model.title;
      element('subtitle').textContent = model.subtitle;
      element('blocks').hidden = !model.blocks;
      const broken = model.layers.some((layer) => layer.failed);
      notice(broken ? 'The model breaks at the layer marked in red.' : model.layers.length ? '' : model.reason || 'The layers of this model are not known.');
      drawTable(model);
      drawGraph(model);
      if (!drawn || data.tab !== drawn) select((drawn = data.tab));
      document.body.classList.remove('stale');
      mark(marked);
    } else if (data.type === 'mark') mark(data.layer);
    else if (data.type === 'gone') {
      document.body.classList.add('stale');
      notice(data.why);
    }
  });
  for (const name of Object.keys(panes)) element(`tab-${name}`).addEventListener('click', () => select(name));
  for (const name of ['copy', 'save', 'blocks', 'turn']) element(name).addEventListener('click', () => vscode.postMessage({ type: name }));
  select(vscode.getState()?.tab ?? 'table');
  vscode.postMessage({ type: 'ready' });
})();
