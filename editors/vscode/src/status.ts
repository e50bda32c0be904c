// The language status item: which Keras a program is for, and how the server and the Keras worker are.
import * as vscode from 'vscode';
import type { Server } from './server';

interface Status {
  readonly version: string;
  readonly keras: string;
  readonly source: string;
  readonly environment: string | null;
  readonly worker: string;
  readonly trusted: boolean;
}

/** Milliseconds between an event and the question that it leads to: hints come in bursts. */
const DELAY = 400;

/** Milliseconds until a worker that is starting is asked for again. */
const AGAIN = 1500;

export class StatusItem implements vscode.Disposable {
  private readonly item = vscode.languages.createLanguageStatusItem('keras-lsp.status', [
    { language: 'python' },
    { notebookType: 'jupyter-notebook' },
  ]);
  private readonly subscriptions: vscode.Disposable[] = [this.item];
  private timer: NodeJS.Timeout | undefined;

  constructor(private readonly server: Server) {
    this.item.name = 'keras-lsp';
    this.item.command = { command: 'keras-lsp.showLogs', title: 'Show Logs' };
    this.subscriptions.push(
      server.onDidChange(() => this.later(DELAY)),
      vscode.window.onDidChangeActiveTextEditor(() => this.later(DELAY)),
    );
    this.later(0);
  }

  private later(delay: number): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => void this.update(), delay);
  }

  /** Asks the server and shows what it says. */
  async update(): Promise<void> {
    const state = this.server.state;
    this.item.busy = state === 'starting';
    this.item.severity = state === 'stopped' ? vscode.LanguageStatusSeverity.Error : vscode.LanguageStatusSeverity.Information;
    if (state !== 'running') {
      this.item.text = `keras-lsp: ${state}`;
      this.item.detail = this.server.description;
      return;
    }
    const document = vscode.window.activeTextEditor?.document;
    let status: Status | undefined;
    try {
      status = await this.server.execute<Status>('keras-lsp.status', { uri: document ? this.server.uri(document.uri) : '' });
    } catch {
      return; // the server was stopped meanwhile, and says so itself
    }
    if (status === undefined) return;
    const starting = status.worker.startsWith('starting');
    this.item.busy = starting;
    this.item.text = status.keras;
    this.item.detail = `${status.source}; worker: ${status.worker}${status.trusted ? '' : '; workspace not trusted'}`;
    if (starting) this.later(AGAIN);
  }

  /** What is shown, for tests. */
  get shown(): { text: string; detail: string | undefined } {
    return { text: this.item.text, detail: this.item.detail };
  }

  dispose(): void {
    clearTimeout(this.timer);
    for (const subscription of this.subscriptions) subscription.dispose();
  }
}
