// Runs inside the extension host of a real workbench: exports run(). There is no page here, only the API that extensions have.
const vscode = require('vscode');
const assert = require('node:assert/strict');
const fs = require('node:fs');
const path = require('node:path');

const file = (name) => vscode.Uri.joinPath(vscode.workspace.workspaceFolders[0].uri, name);
const sleep = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

async function until(look, what, limit = 30_000) {
  const end = Date.now() + limit;
  for (;;) {
    const found = await look();
    if (found) return found;
    if (Date.now() > end) throw new Error(`waited in vain for ${what}`);
    await sleep(100);
  }
}

async function open(name) {
  const document = await vscode.workspace.openTextDocument(file(name));
  const editor = await vscode.window.showTextDocument(document, vscode.ViewColumn.One);
  return { document, editor, uri: document.uri };
}

const ours = (uri) => vscode.languages.getDiagnostics(uri).filter((item) => item.source === 'keras-lsp');
const at = (document, text, delta = 1) => document.positionAt(document.getText().indexOf(text) + delta);
const words = (hovers) => hovers.flatMap((hover) => hover.contents.map((content) => content.value ?? content)).join('\n');
const api = () => vscode.extensions.getExtension('keras-lsp.keras-lsp').activate();
const line = (document, text) => at(document, text).line;

const tests = {
  async 'starts with a Python file'() {
    await open('digits.py');
    const extension = vscode.extensions.getExtension('keras-lsp.keras-lsp');
    await until(() => extension.isActive, 'the extension');
  },

  async 'hover, hints, completion and signature'() {
    const { document, uri } = await open('digits.py');
    const hover = await until(async () => words(await vscode.commands.executeCommand('vscode.executeHoverProvider', uri, at(document, 'Conv2D(64'))), 'a hover');
    assert.match(hover, /\(None, 13, 13, 32\) -> \(None, 11, 11, 64\)/);
    const all = new vscode.Range(0, 0, document.lineCount, 0);
    const hints = await vscode.commands.executeCommand('vscode.executeInlayHintProvider', uri, all);
    const label = hints.find((hint) => hint.position.line === line(document, 'Flatten'))?.label;
    assert.match(String(label), /\(None, 1600\)/);
    const list = await vscode.commands.executeCommand('vscode.executeCompletionItemProvider', uri, at(document, '64, 3, ', 7), ' ');
    assert(list.items.some((item) => (item.label.label ?? item.label) === 'padding='), 'padding= is offered');
    const help = await vscode.commands.executeCommand('vscode.executeSignatureHelpProvider', uri, at(document, 'Dropout(0.5', 8), '(');
    assert.match(help.signatures[0].label, /^Dropout\(rate/);
  },

  async 'problems, each once, and their fixes'() {
    const { document, uri } = await open('reviews.py');
    const found = await until(() => ours(uri).length > 0 && ours(uri), 'problems');
    const [problem] = found.filter((item) => item.severity === vscode.DiagnosticSeverity.Error);
    assert.equal(problem.range.start.line, line(document, 'LSTM(32)')); // the one that would have to return its sequences
    assert.equal(new Set(found.map((item) => `${item.range.start.line} ${item.message}`)).size, found.length);
    const actions = await vscode.commands.executeCommand('vscode.executeCodeActionProvider', uri, problem.range, 'quickfix');
    const fix = actions.find((action) => action.edit && /return_sequences/.test(action.title + JSON.stringify(action.edit)));
    assert(fix, `a fix among: ${actions.map((action) => action.title)}`);
    await vscode.workspace.applyEdit(fix.edit);
    await until(() => ours(uri).every((item) => item.severity !== vscode.DiagnosticSeverity.Error), 'the problem to go');
    await vscode.commands.executeCommand('undo');
  },

  async 'a code lens opens the model, which follows text and cursor'() {
    const { document, editor, uri } = await open('digits.py');
    const lenses = await until(async () => {
      const found = await vscode.commands.executeCommand('vscode.executeCodeLensProvider', uri, 10);
      return found?.some((lens) => lens.command?.command === 'keras-lsp.showModelSummary') && found;
    }, 'a code lens');
    const { command } = lenses.find((lens) => lens.command.command === 'keras-lsp.showModelSummary');
    assert.equal(command.title, 'Sequential (None, 28, 28, 1) -> (None, 10), 34,826 parameters');
    await vscode.commands.executeCommand(command.command, ...command.arguments);
    const { models } = await api();
    await until(() => models.shown.title === 'Model: sequential', 'the panel');
    const dense = models.shown.model.layers.findIndex((layer) => layer.class === 'Dense');
    await models.click(dense);
    assert.equal(vscode.window.activeTextEditor.selection.active.line, line(document, 'Dense(10'));
    const ten = at(document, 'Dense(10', 6);
    await editor.edit((edit) => edit.replace(new vscode.Range(ten, ten.translate(0, 2)), '12'));
    await until(() => models.shown.model.layers[dense].output === '(None, 12)', 'the panel to follow the text');
    await vscode.commands.executeCommand('undo');
    const other = await open('residual.py');
    other.editor.selection = new vscode.Selection(at(other.document, 'network ='), at(other.document, 'network ='));
    await until(() => models.shown.model.name === 'residual_network', 'the panel to follow the cursor');
    await vscode.commands.executeCommand('workbench.action.closeAllEditors');
  },

  async 'the graph turns, and shows blocks or layers'() {
    const { document, editor } = await open('residual.py');
    editor.selection = new vscode.Selection(at(document, 'network ='), at(document, 'network ='));
    await vscode.commands.executeCommand('keras-lsp.showModelGraph');
    const { models } = await api();
    const width = (svg) => Number(/ width="(\d+)"/.exec(svg)[1]);
    const before = (await until(() => models.shown.model?.name === 'residual_network' && models.shown.model, 'the panel')).svg;
    await models.press('turn');
    assert(width(models.shown.model.svg) > width(before));
    await models.press('turn');
    assert.equal(models.shown.model.blocks, true);
    const blocks = /data-layers=/.test(before);
    await models.press('blocks');
    assert.equal(/data-layers=/.test(models.shown.model.svg), !blocks);
    await models.press('blocks');
    assert.equal(models.shown.model.svg, before);
    await vscode.commands.executeCommand('workbench.action.closeAllEditors');
  },

  async 'a layer is renamed wherever it is meant'() {
    const { document, uri } = await open('residual.py');
    const edit = await vscode.commands.executeCommand('vscode.executeDocumentRenameProvider', uri, at(document, '"label"', 2), 'kind');
    const [[, changes]] = edit.entries();
    assert.deepEqual(changes.map((change) => change.newText), ['kind']);
    assert.equal(changes[0].range.start.line, line(document, '"label"'));
  },

  async 'cells of a notebook'() {
    const notebook = await vscode.workspace.openNotebookDocument(file('sequences.ipynb'));
    await vscode.window.showNotebookDocument(notebook);
    const [first, second] = [notebook.cellAt(2).document, notebook.cellAt(3).document];
    const problems = await until(() => ours(second.uri).length > 0 && ours(second.uri), 'a problem in a cell');
    assert.equal(problems[0].range.start.line, 1);
    assert.equal(problems.length, 1);
    const hovers = await vscode.commands.executeCommand('vscode.executeHoverProvider', first.uri, at(first, 'Dense'));
    assert.match(words(hovers), /\(None, 8\) -> \(None, 3\)/);
    await vscode.commands.executeCommand('workbench.action.closeAllEditors');
  },

  async 'the status says which Keras, and how the worker is'() {
    await open('digits.py');
    const { status } = await api();
    await until(() => /^Keras \d/.test(status.shown.text), 'the status');
    assert.match(status.shown.detail, /worker: /);
  },

  async 'settings hold at once'() {
    const { document, uri } = await open('digits.py');
    const all = new vscode.Range(0, 0, document.lineCount, 0);
    const hints = () => vscode.commands.executeCommand('vscode.executeInlayHintProvider', uri, all);
    const configuration = vscode.workspace.getConfiguration('keras-lsp');
    await configuration.update('inlayHints.outputShapes', false, vscode.ConfigurationTarget.Workspace);
    await until(async () => (await hints()).length === 0, 'hints to go');
    await configuration.update('inlayHints.outputShapes', undefined, vscode.ConfigurationTarget.Workspace);
    await until(async () => (await hints()).length > 0, 'hints to come back');
  },

  async 'commands'() {
    await open('digits.py');
    const known = await vscode.commands.getCommands(true);
    const manifest = vscode.extensions.getExtension('keras-lsp.keras-lsp').packageJSON;
    for (const { command } of manifest.contributes.commands) assert(known.includes(command), command);
    await vscode.commands.executeCommand('keras-lsp.printDebugInformation');
    assert.match(vscode.window.activeTextEditor.document.getText(), /^keras-lsp: \d/m);
    await vscode.commands.executeCommand('keras-lsp.explainError', { code: 'KER201' });
    await until(() => vscode.window.tabGroups.all.some((group) => group.tabs.some((tab) => /KER201/.test(tab.label))), 'the page of a rule');
    await vscode.commands.executeCommand('keras-lsp.restartWorker');
  },

  async 'an error text is explained, and leads to its line'() {
    const { document, uri } = await open('reviews.py');
    await until(() => ours(uri).length > 0, 'problems');
    const { explanations } = await api();
    const reviews = () => vscode.window.visibleTextEditors.find((editor) => editor.document.uri.toString() === uri.toString());
    const message = 'ValueError: Input 0 of layer "lstm_1" is incompatible with the layer: expected ndim=3, found ndim=2.';
    const traceback = `Traceback (most recent call last):\n  File "${uri.fsPath}", line 6, in <module>\n    model = keras.Sequential(\n  File "/x/site-packages/keras/src/a.py", line 1, in f\n${message}\n`;
    const explained = async (what) => {
      await until(() => reviews()?.selection.active.line === line(document, 'LSTM(32)'), `the cursor at the line: ${what}`);
      assert.match(explanations.shown, /KER202\*\*, line 9: .*return_sequences/);
      await until(() => vscode.window.tabGroups.all.some((group) => group.tabs.some((tab) => /What the error means/.test(tab.label))), 'the page');
      reviews().selection = new vscode.Selection(0, 0, 0, 0);
    };
    await vscode.commands.executeCommand('keras-lsp.explainErrorText', { text: message });
    await explained('a message, for the program that is edited');
    // The traceback names the program, whatever is edited.
    await open('digits.py');
    await vscode.commands.executeCommand('keras-lsp.explainErrorText', { text: traceback });
    await explained('a traceback');
    // What is selected needs no pasting.
    const log = await vscode.window.showTextDocument(await vscode.workspace.openTextDocument({ content: `epoch 1\n${traceback}done\n` }));
    log.selection = new vscode.Selection(1, 0, 7, 0);
    await vscode.commands.executeCommand('keras-lsp.explainErrorText');
    await explained('the selection');
    // So does what is selected in the terminal; the clipboard keeps what it held.
    await vscode.env.clipboard.writeText('mine');
    const output = new vscode.EventEmitter();
    const terminal = vscode.window.createTerminal({ name: 'run', pty: { onDidWrite: output.event, open: () => {}, close: () => {} } });
    terminal.show();
    await sleep(1000);
    output.fire(traceback.replaceAll('\n', '\r\n'));
    await sleep(500);
    await vscode.commands.executeCommand('workbench.action.terminal.selectAll');
    await open('reviews.py');
    await vscode.commands.executeCommand('keras-lsp.explainTerminalSelection');
    await explained('the terminal');
    assert.equal(await vscode.env.clipboard.readText(), 'mine');
    terminal.dispose();
    // A message without a program of its own is explained, too.
    await vscode.commands.executeCommand('workbench.action.closeAllEditors');
    await vscode.commands.executeCommand('keras-lsp.explainErrorText', { text: 'ValueError: Unknown loss: x' });
    assert.match(explanations.shown, /KER407/);
    await vscode.commands.executeCommand('workbench.action.closeAllEditors');
  },

  async 'the trace holds the messages, when it is on'() {
    const { document, uri } = await open('digits.py');
    const root = path.dirname(path.dirname(vscode.extensions.getExtension('keras-lsp.keras-lsp').extensionPath));
    const traced = () =>
      fs
        .readdirSync(path.join(root, 'data', 'logs'), { recursive: true })
        .filter((name) => /keras-lsp Trace\.log$/.test(name))
        .map((name) => fs.readFileSync(path.join(root, 'data', 'logs', name), 'utf8'))
        .join('');
    assert(!/textDocument\/hover/.test(traced()));
    const configuration = vscode.workspace.getConfiguration('keras-lsp');
    await configuration.update('trace.server', 'verbose', vscode.ConfigurationTarget.Workspace);
    await until(async () => {
      await vscode.commands.executeCommand('vscode.executeHoverProvider', uri, at(document, 'Conv2D(64'));
      return /textDocument\/hover/.test(traced());
    }, 'the trace');
    await configuration.update('trace.server', undefined, vscode.ConfigurationTarget.Workspace);
  },

  async 'a restart forgets nothing, and runs one server'() {
    const { document, uri } = await open('digits.py');
    await Promise.all([1, 2, 3].map(() => vscode.commands.executeCommand('keras-lsp.restart')));
    const hovers = await vscode.commands.executeCommand('vscode.executeHoverProvider', uri, at(document, 'Conv2D(64'));
    assert.equal(hovers.filter((hover) => /13, 13, 32/.test(words([hover]))).length, 1);
  },
};

exports.run = async () => {
  let failed = 0;
  const only = new RegExp(process.env.ONLY ?? '');
  const chosen = Object.entries(tests).filter(([name]) => only.test(name));
  for (const [name, test] of chosen) {
    const start = Date.now();
    try {
      await test();
      console.log(`ok ${name} (${Date.now() - start} ms)`);
    } catch (error) {
      failed++;
      console.log(`FAIL ${name}: ${error?.stack ?? error}`);
    }
  }
  console.log(`${chosen.length - failed} passed, ${failed} failed`);
  if (failed > 0) throw new Error(`${failed} failed`);
};
