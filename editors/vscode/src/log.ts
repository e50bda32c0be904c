import * as vscode from 'vscode';

/** What the extension and the server say, and the messages between the two when `keras-lsp.trace.server` is on. */
export const log = vscode.window.createOutputChannel('keras-lsp', { log: true });
export const trace = vscode.window.createOutputChannel('keras-lsp Trace', { log: true });

/**
 * The channel as the client library wants it: it traces when the level of the channel is Trace, and takes the setting for how much.
 * Here the setting alone is enough, as people expect.
 */
export function traceChannel(subscriptions: vscode.Disposable[]): vscode.LogOutputChannel {
  const on = (): boolean => vscode.workspace.getConfiguration('keras-lsp').get('trace.server', 'off') !== 'off';
  const level = (): vscode.LogLevel => (on() ? vscode.LogLevel.Trace : trace.logLevel);
  const levels = new vscode.EventEmitter<vscode.LogLevel>();
  subscriptions.push(
    levels,
    trace.onDidChangeLogLevel(() => levels.fire(level())),
    vscode.workspace.onDidChangeConfiguration((event) => event.affectsConfiguration('keras-lsp.trace') && levels.fire(level())),
  );
  const write = (message: string): void => (trace.logLevel === vscode.LogLevel.Trace ? trace.trace(message) : trace.info(message));
  return new Proxy({} as vscode.LogOutputChannel, {
    get(_target, name: keyof vscode.LogOutputChannel) {
      if (name === 'logLevel') return level();
      if (name === 'onDidChangeLogLevel') return levels.event;
      if (name === 'trace') return write;
      const value = trace[name];
      return typeof value === 'function' ? value.bind(trace) : value;
    },
  });
}

type Level = 'error' | 'warning' | 'information';

/** Which messages each value of `keras-lsp.showNotifications` lets through to the user. */
const SHOWN: Record<string, readonly Level[]> = {
  off: [],
  onError: ['error'],
  onWarning: ['error', 'warning'],
  always: ['error', 'warning', 'information'],
};

/** Logs a message, and shows it as far as `keras-lsp.showNotifications` lets it. */
export function notify(level: Level, message: string): void {
  const wanted = vscode.workspace.getConfiguration('keras-lsp').get<string>('showNotifications', 'onError');
  log[level === 'information' ? 'info' : level === 'warning' ? 'warn' : 'error'](message);
  if (!(SHOWN[wanted] ?? SHOWN.onError).includes(level)) return;
  const text = `keras-lsp: ${message}`;
  const answer =
    level === 'error'
      ? vscode.window.showErrorMessage(text, 'Show Logs')
      : level === 'warning'
        ? vscode.window.showWarningMessage(text, 'Show Logs')
        : vscode.window.showInformationMessage(text, 'Show Logs');
  void answer.then((choice) => choice && log.show());
}

/** Says why a command that the user ran shows nothing: an answer, whatever notifications are shown. */
export function tell(why: unknown): void {
  const text = why instanceof Error ? why.message : String(why);
  log.info(text);
  void vscode.window.showInformationMessage(`keras-lsp: ${text}`);
}
