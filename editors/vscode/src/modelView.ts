// The panel that shows a model: its layers as a table and as a graph. It follows the text as it is edited and the cursor as it
// moves; a click on a layer leads to its line.
import { randomBytes } from 'node:crypto';
import * as vscode from 'vscode';
import { log } from './log';
import { reveal } from './places';
import type { Range } from './places';
import type { Server } from './server';

/** What `keras-lsp.showModelGraph` answers. */
interface Model {
  readonly title: string;
  readonly subtitle: string;
  readonly name: string;
  readonly model: number;
  readonly reason: string | null;
  readonly blocks: boolean;
  readonly text: string;
  readonly svg: string;
  readonly uri: string;
  readonly range: Range;
  readonly layers: readonly Layer[];
}

interface Layer {
  readonly name: string;
  readonly class: string;
  readonly output: string;
  readonly params: number | string | null;
  readonly depth: number;
  readonly failed: boolean;
  readonly uri?: string;
  readonly range?: Range;
}

type Tab = 'table' | 'graph';
type Message = { type: 'ready' | 'copy' | 'save' | 'blocks' | 'turn' } | { type: 'reveal'; layer: number };

/** Milliseconds after the last key before the model is asked for again. */
const EDIT_DELAY = 300;
const CURSOR_DELAY = 120;

export class ModelView implements vscode.Disposable {
  private panel: vscode.WebviewPanel | undefined;
  private source: vscode.Uri | undefined;
  private model: Model | undefined;
  private tab: Tab = 'table';
  private direction: 'down' | 'right' = 'down';
  private blocks: boolean | undefined; // as the server thinks best until the user chooses
  private timer: NodeJS.Timeout | undefined;
  private asked = 0;
  private readonly subscriptions: vscode.Disposable[] = [];

  constructor(
    private readonly context: vscode.ExtensionContext,
    private readonly server: Server,
  ) {
    this.subscriptions.push(
      vscode.workspace.onDidChangeTextDocument((event) => {
        if (event.contentChanges.length > 0 && this.concerns(event.document.uri)) this.later(EDIT_DELAY);
      }),
      vscode.window.onDidChangeTextEditorSelection((event) => {
        if (this.panel?.visible && event.textEditor.document.languageId === 'python') this.later(CURSOR_DELAY, event.textEditor);
      }),
    );
  }

  /** Shows a model: by its number in the file, or the one at a position. */
  async show(source: vscode.Uri, which: { model?: number; position?: vscode.Position }, tab: Tab): Promise<void> {
    this.tab = tab;
    this.source = source;
    const model = await this.ask(which, true);
    if (model === undefined) return;
    if (this.panel === undefined) this.open();
    else this.panel.reveal(undefined, true);
    this.draw(model);
  }

  private open(): void {
    const media = vscode.Uri.joinPath(this.context.extensionUri, 'media');
    const panel = (this.panel = vscode.window.createWebviewPanel(
      'keras-lsp.model',
      'Model',
      { viewColumn: vscode.ViewColumn.Beside, preserveFocus: true },
      { enableScripts: true, localResourceRoots: [media], enableFindWidget: true },
    ));
    panel.iconPath = vscode.Uri.joinPath(media, 'model-icon.svg');
    panel.webview.html = this.page(panel.webview, media);
    panel.webview.onDidReceiveMessage((message: Message) => void this.receive(message), undefined, this.subscriptions);
    panel.onDidChangeViewState(() => panel.visible && this.model && this.draw(this.model));
    panel.onDidDispose(() => {
      this.panel = undefined;
      this.model = undefined;
    });
  }

  private page(webview: vscode.Webview, media: vscode.Uri): string {
    const nonce = randomBytes(16).toString('base64');
    const uri = (name: string): string => webview.asWebviewUri(vscode.Uri.joinPath(media, name)).toString();
    return `<!DOCTYPE html>
<html lang="en">
<head>
  <meta charset="utf-8">
  <meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src ${webview.cspSource}; script-src 'nonce-${nonce}';">
  <meta name="viewport" content="width=device-width, initial-scale=1">
  <link rel="stylesheet" href="${uri('model.css')}">
  <title>Model</title>
</head>
<body>
  <header>
    <div class="words"><h1 id="title"></h1><p id="subtitle"></p></div>
    <div class="tools">
      <div class="tabs" role="tablist">
        <button id="tab-table" role="tab" aria-controls="table">Table</button>
        <button id="tab-graph" role="tab" aria-controls="graph">Graph</button>
      </div>
      <button id="blocks" title="One box for each block, or for each layer" hidden>Blocks</button>
      <button id="turn" title="From top to bottom, or from left to right">Turn</button>
      <button id="copy" title="Copy what model.summary() prints">Copy summary</button>
      <button id="save" title="Save the graph as SVG">Save graph</button>
    </div>
  </header>
  <p id="notice" hidden></p>
  <main id="table" role="tabpanel" aria-labelledby="tab-table"></main>
  <main id="graph" role="tabpanel" aria-labelledby="tab-graph" hidden></main>
  <script nonce="${nonce}" src="${uri('model.js')}"></script>
</body>
</html>`;
  }

  private async ask(which: { model?: number; position?: vscode.Position }, fails = false): Promise<Model | undefined> {
    if (this.source === undefined) return undefined;
    const number = ++this.asked;
    const { model, position } = which;
    const argument = {
      uri: this.server.uri(this.source),
      direction: this.direction,
      ...(this.blocks === undefined ? {} : { blocks: this.blocks }),
      ...(model === undefined ? {} : { model }),
      ...(position === undefined ? {} : { position: { line: position.line, character: position.character } }),
    };
    try {
      const found = await this.server.ask<Model>('keras-lsp.showModelGraph', argument);
      return number === this.asked ? found : undefined; // else the answer to a later question is under way
    } catch (error) {
      if (fails) throw error;
      if (number === this.asked) this.post({ type: 'gone', why: String(error instanceof Error ? error.message : error) });
      log.debug(`no model is shown: ${error}`);
      return undefined;
    }
  }

  private later(delay: number, editor?: vscode.TextEditor): void {
    if (this.panel === undefined) return;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => void (editor === undefined ? this.refresh() : this.follow(editor)), delay);
  }

  /** The text changed: the model is the one at the cursor, else the one that was shown. */
  private async refresh(): Promise<void> {
    const editor = vscode.window.visibleTextEditors.find((item) => this.concerns(item.document.uri));
    if (editor !== undefined) this.source = editor.document.uri;
    const model = await this.ask(editor ? { position: editor.selection.active } : { model: this.model?.model ?? 0 });
    if (model !== undefined) this.draw(model);
  }

  /** The cursor moved: its layer is marked, or its model shown. */
  private async follow(editor: vscode.TextEditor): Promise<void> {
    const document = editor.document.uri;
    if (!this.concerns(document) || this.layerAt(editor) === undefined) {
      this.source = document;
      const model = await this.ask({ position: editor.selection.active });
      if (model !== undefined) return this.draw(model);
    }
    this.mark();
  }

  /** Whether a document holds the model that is shown, or a cell of the notebook that does. */
  private concerns(uri: vscode.Uri): boolean {
    return this.source !== undefined && this.source.path === uri.path && this.source.authority === uri.authority;
  }

  private draw(model: Model): void {
    this.model = model;
    if (this.panel === undefined) return;
    this.panel.title = model.title;
    this.post({ type: 'model', model: { ...model, uri: undefined }, tab: this.tab });
    this.mark();
  }

  private layerAt(editor: vscode.TextEditor): number | undefined {
    const uri = this.server.uri(editor.document.uri);
    const at = editor.selection.active;
    let found: number | undefined;
    this.model?.layers.forEach((layer, index) => {
      if (layer.uri !== uri || layer.range === undefined) return;
      const before = found === undefined ? undefined : this.model?.layers[found].range;
      const around = layer.range.start.line <= at.line && at.line <= layer.range.end.line;
      const inner = before === undefined || layer.range.end.line - layer.range.start.line < before.end.line - before.start.line;
      if (around && inner) found = index;
    });
    return found;
  }

  private mark(): void {
    const editor = vscode.window.visibleTextEditors.find((item) => this.concerns(item.document.uri));
    this.post({ type: 'mark', layer: editor === undefined ? undefined : this.layerAt(editor) });
  }

  private post(message: object): void {
    void this.panel?.webview.postMessage(message);
  }

  private async receive(message: Message): Promise<void> {
    const model = this.model;
    if (model === undefined) return;
    if (message.type === 'ready') this.draw(model);
    else if (message.type === 'reveal') {
      const { uri, range } = model.layers[message.layer] ?? {};
      if (uri !== undefined && range !== undefined) await reveal(this.server, { uri, range });
    } else if (message.type === 'turn' || message.type === 'blocks') {
      if (message.type === 'turn') this.direction = this.direction === 'down' ? 'right' : 'down';
      else this.blocks = !/data-layers=/.test(model.svg);
      this.tab = 'graph';
      const drawn = await this.ask({ model: model.model });
      if (drawn !== undefined) this.draw(drawn);
    } else if (message.type === 'copy') {
      await vscode.env.clipboard.writeText(model.text);
      vscode.window.setStatusBarMessage('The summary was copied', 3000);
    } else if (message.type === 'save') {
      const folder = vscode.workspace.workspaceFolders?.[0]?.uri ?? vscode.Uri.file('.');
      const name = model.name.replace(/[^\w.-]+/g, '_') || 'model';
      const target = await vscode.window.showSaveDialog({
        defaultUri: vscode.Uri.joinPath(folder, `${name}.svg`),
        filters: { SVG: ['svg'] },
      });
      if (target !== undefined) await vscode.workspace.fs.writeFile(target, new TextEncoder().encode(model.svg));
    }
  }

  /** What is shown, and what a click does, for tests. */
  get shown(): { title: string | undefined; model: Model | undefined } {
    return { title: this.panel?.title, model: this.model };
  }

  click(layer: number): Promise<void> {
    return this.receive({ type: 'reveal', layer });
  }

  press(button: 'blocks' | 'turn'): Promise<void> {
    return this.receive({ type: button });
  }

  dispose(): void {
    clearTimeout(this.timer);
    this.panel?.dispose();
    for (const subscription of this.subscriptions) subscription.dispose();
  }
}
