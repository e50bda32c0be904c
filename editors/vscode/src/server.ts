// The server's process and the client that speaks with it: started, restarted in turn, never two at a time.
import { existsSync } from 'node:fs';
import * as vscode from 'vscode';
import { CloseAction, ErrorAction, LanguageClient, RevealOutputChannelOn, State, TransportKind } from 'vscode-languageclient/node';
import type { LanguageClientOptions, ServerOptions } from 'vscode-languageclient/node';
import { selectedInterpreter, serverInterpreter } from './interpreter';
import { log, notify, traceChannel } from './log';

/** Settings that the server is started with; all others it reads while it runs. */
const RESTARTING = ['path', 'interpreter', 'importStrategy', 'logLevel'].map((name) => `keras-lsp.${name}`);

/** A server that dies this often within `CRASH_WINDOW` milliseconds stays down until it is restarted by hand. */
const MAX_CRASHES = 4;
const CRASH_WINDOW = 180_000;

interface Launch {
  readonly command: string;
  readonly args: readonly string[];
  readonly what: string;
}

export class Server implements vscode.Disposable {
  private client: LanguageClient | undefined;
  private launch: Launch | undefined;
  private queue: Promise<void> = Promise.resolve();
  private waiting = false;
  private readonly changed = new vscode.EventEmitter<void>();
  private readonly trace: vscode.LogOutputChannel;

  /** Fires when the server's state, or what it knows, has changed. */
  readonly onDidChange = this.changed.event;

  constructor(private readonly context: vscode.ExtensionContext) {
    this.trace = traceChannel(context.subscriptions);
  }

  get state(): 'running' | 'starting' | 'stopped' {
    const state = this.client?.state;
    return state === State.Running ? 'running' : state === State.Starting ? 'starting' : 'stopped';
  }

  /** What runs, for people. */
  get description(): string {
    return this.launch?.what ?? '';
  }

  /** Starts the server anew, after whatever is being started now. */
  restart(): Promise<void> {
    if (this.waiting) return this.queue; // the restart that waits will do
    this.waiting = true;
    this.queue = this.queue
      .then(() => {
        this.waiting = false;
        return this.start();
      })
      .catch((error) => notify('error', `the server did not start: ${error}`));
    return this.queue;
  }

  /** Restarts if the change concerns how the server is started. */
  configurationChanged(event: vscode.ConfigurationChangeEvent): void {
    if (RESTARTING.some((name) => event.affectsConfiguration(name))) void this.restart();
  }

  /** Another environment was selected: restarts if another program would run, else tells the server. */
  interpreterChanged(): Promise<void> {
    this.queue = this.queue
      .then(async () => {
        const launch = await this.find();
        if (JSON.stringify(launch) !== JSON.stringify(this.launch)) return this.start();
        await this.client?.sendNotification('workspace/didChangeConfiguration', { settings: null });
        this.changed.fire();
      })
      .catch((error) => log.error(String(error)));
    return this.queue;
  }

  /** Runs a command of the server; undefined where it is not running. */
  async execute<T>(command: string, argument: object = {}): Promise<T | undefined> {
    const client = this.client;
    if (client === undefined || client.state !== State.Running) return undefined;
    return client.sendRequest<T>('workspace/executeCommand', { command, arguments: [argument] });
  }

  /** Runs a command of the server, and fails where it is not running. */
  async ask<T>(command: string, argument: object = {}): Promise<T> {
    const answer = await this.execute<T>(command, argument);
    if (answer === undefined) throw new Error('the server is not running; "keras-lsp: Show Logs" says why');
    return answer;
  }

  /** The URI that the server knows a document by. */
  uri(document: vscode.Uri): string {
    return this.client?.code2ProtocolConverter.asUri(document) ?? document.toString();
  }

  private async find(): Promise<Launch | undefined> {
    const scope = vscode.workspace.workspaceFolders?.[0]?.uri;
    const configuration = vscode.workspace.getConfiguration('keras-lsp', scope);
    const flags = ['server', '--stdio', '--log-level', configuration.get<string>('logLevel', 'warning')];
    if (!vscode.workspace.isTrusted) flags.push('--untrusted-workspace');
    if (vscode.workspace.isTrusted) {
      const path = configuration.get<string[]>('path', []).find((candidate) => existsSync(candidate));
      if (path !== undefined) return { command: path, args: flags, what: path };
    }
    const interpreter = await serverInterpreter(scope, this.context.subscriptions);
    if (interpreter === undefined) return undefined;
    const script = this.context.asAbsolutePath('bundled/tool/server.py');
    const strategy = configuration.get<string>('importStrategy', 'useBundled');
    const [command, ...args] = interpreter.argv;
    return {
      command,
      args: [...args, script, strategy, ...flags],
      what: `${interpreter.argv.join(' ')} (${interpreter.from})`,
    };
  }

  private async start(): Promise<void> {
    await this.stop();
    const launch = (this.launch = await this.find());
    this.changed.fire();
    if (launch === undefined) {
      notify('error', 'no Python 3.10 or later was found. Select one, or set "keras-lsp.interpreter".');
      return;
    }
    log.info(`starting ${launch.what}`);
    const env: NodeJS.ProcessEnv = { ...process.env, PYTHONUTF8: '1' };
    delete env.PYTHONPATH; // what a program needs there is not for the server
    const serverOptions: ServerOptions = {
      command: launch.command,
      args: [...launch.args],
      options: { env },
      transport: TransportKind.stdio,
    };
    const client = (this.client = new LanguageClient('keras-lsp', 'keras-lsp', serverOptions, this.options()));
    client.onDidChangeState(() => this.changed.fire());
    await client.start();
    log.info(`started keras-lsp ${client.initializeResult?.serverInfo?.version ?? ''}`);
  }

  private options(): LanguageClientOptions {
    const crashes: number[] = [];
    const subscriptions = this.context.subscriptions;
    return {
      documentSelector: [
        { scheme: 'file', language: 'python' },
        { scheme: 'untitled', language: 'python' },
        { scheme: 'vscode-notebook-cell', language: 'python' },
      ],
      outputChannel: log,
      traceOutputChannel: this.trace,
      revealOutputChannelOn: RevealOutputChannelOn.Never,
      // The commands are registered by the extension, which shows their results.
      initializationOptions: { trusted: vscode.workspace.isTrusted, clientHasCommands: true },
      errorHandler: {
        error: (_error, _message, count) => ({ action: (count ?? 0) <= 3 ? ErrorAction.Continue : ErrorAction.Shutdown }),
        closed: () => {
          const now = Date.now();
          crashes.push(now);
          while (crashes[0] < now - CRASH_WINDOW) crashes.shift();
          if (crashes.length < MAX_CRASHES) return { action: CloseAction.Restart, handled: true };
          notify('error', `the server ended ${crashes.length} times within three minutes and is not started again`);
          return { action: CloseAction.DoNotRestart, handled: true };
        },
      },
      middleware: {
        workspace: {
          // The server reads the environment of the program, which is the one selected in the editor.
          configuration: async (params, token, next) => {
            const answers = await next(params, token);
            if (!Array.isArray(answers)) return answers;
            return Promise.all(
              answers.map(async (answer, index) => {
                if (params.items[index].section !== 'keras-lsp' || typeof answer !== 'object' || answer === null) return answer;
                const scope = params.items[index].scopeUri;
                const folder = scope === undefined ? vscode.workspace.workspaceFolders?.[0]?.uri : vscode.Uri.parse(scope);
                const selected = await selectedInterpreter(folder, subscriptions);
                return { ...answer, interpreter: selected === undefined ? [] : [selected.argv[0]] };
              }),
            );
          },
        },
        provideInlayHints: async (document, range, token, next) => {
          const hints = await next(document, range, token);
          this.changed.fire();
          return hints;
        },
      },
    };
  }

  private async stop(): Promise<void> {
    const client = this.client;
    this.client = undefined;
    if (client === undefined) return;
    try {
      await client.dispose();
    } catch (error) {
      log.warn(`the server did not stop in order: ${error}`);
    }
  }

  async dispose(): Promise<void> {
    await this.stop();
    this.changed.dispose();
  }
}
