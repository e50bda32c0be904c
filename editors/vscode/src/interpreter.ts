// Which Python: the one that `keras-lsp.interpreter` names, else the one selected in a Python extension, else the one on PATH.
// No Python extension is required: there are editors that have none.
import { execFile } from 'node:child_process';
import * as vscode from 'vscode';
import { log } from './log';

export interface Interpreter {
  readonly argv: readonly string[];
  readonly from: 'setting' | 'environments extension' | 'Python extension' | 'PATH';
}

/** The oldest Python that runs keras-lsp; programs may be for any. */
const OLDEST: readonly [number, number] = [3, 10];

/** What is used of the API of `ms-python.vscode-python-envs`. */
interface EnvironmentsApi {
  getEnvironment(scope?: vscode.Uri): Promise<{ execInfo?: { run?: { executable: string; args?: string[] } } } | undefined>;
  readonly onDidChangeEnvironment: vscode.Event<unknown>;
}

/** What is used of the API of `ms-python.python`. */
interface PythonApi {
  readonly ready?: Promise<void>;
  readonly environments?: {
    getActiveEnvironmentPath(scope?: vscode.Uri): { path: string };
    resolveEnvironment(path: unknown): Promise<{ executable: { uri?: vscode.Uri } } | undefined>;
    readonly onDidChangeActiveEnvironmentPath: vscode.Event<unknown>;
  };
}

const changed = new vscode.EventEmitter<void>();

/** Fires when another environment was selected in a Python extension. */
export const onDidChangeInterpreter = changed.event;

const listening = new Set<string>();
const versions = new Map<string, Promise<readonly [number, number] | undefined>>();

async function api<T>(id: string): Promise<T | undefined> {
  const extension = vscode.extensions.getExtension<T>(id);
  if (extension === undefined) return undefined;
  try {
    return extension.isActive ? extension.exports : await extension.activate();
  } catch (error) {
    log.warn(`${id} did not start: ${error}`);
    return undefined;
  }
}

function listen(id: string, event: vscode.Event<unknown>, subscriptions: vscode.Disposable[]): void {
  if (listening.has(id)) return;
  listening.add(id);
  subscriptions.push(event(() => changed.fire()), { dispose: () => listening.delete(id) });
}

/** The interpreters that may be meant, the first the one that is. */
async function* candidates(scope: vscode.Uri | undefined, subscriptions: vscode.Disposable[]): AsyncGenerator<Interpreter> {
  // What a workspace sets counts only once it is trusted: VS Code itself sees to that.
  const set = vscode.workspace.getConfiguration('keras-lsp', scope).get<string[]>('interpreter', []);
  if (set.length > 0) yield { argv: set.map(substitute), from: 'setting' };
  const environments = await api<EnvironmentsApi>('ms-python.vscode-python-envs');
  if (environments?.getEnvironment !== undefined) {
    listen('envs', environments.onDidChangeEnvironment, subscriptions);
    try {
      const run = (await environments.getEnvironment(scope))?.execInfo?.run;
      if (run?.executable && mayStart(run.executable)) yield { argv: [run.executable, ...(run.args ?? [])], from: 'environments extension' };
    } catch (error) {
      log.warn(`the environments extension named no interpreter: ${error}`);
    }
  }
  const python = await api<PythonApi>('ms-python.python');
  if (python?.environments !== undefined) {
    listen('python', python.environments.onDidChangeActiveEnvironmentPath, subscriptions);
    try {
      await python.ready;
      const resolved = await python.environments.resolveEnvironment(python.environments.getActiveEnvironmentPath(scope));
      if (resolved?.executable.uri && mayStart(resolved.executable.uri.fsPath)) yield { argv: [resolved.executable.uri.fsPath], from: 'Python extension' };
    } catch (error) {
      log.warn(`the Python extension named no interpreter: ${error}`);
    }
  }
}

/** Whether a program may be started: one of a workspace only when that is trusted. */
function mayStart(path: string): boolean {
  return vscode.workspace.isTrusted || vscode.workspace.getWorkspaceFolder(vscode.Uri.file(path)) === undefined;
}

function substitute(text: string): string {
  const folder = vscode.workspace.workspaceFolders?.[0]?.uri.fsPath ?? '';
  return text.replaceAll('${workspaceFolder}', folder).replace(/^~(?=$|[/\\])/, process.env.HOME ?? process.env.USERPROFILE ?? '~');
}

/** The interpreter of the program in a folder: the server reads which Keras is in its environment. */
export async function selectedInterpreter(scope: vscode.Uri | undefined, subscriptions: vscode.Disposable[]): Promise<Interpreter | undefined> {
  for await (const candidate of candidates(scope, subscriptions)) return candidate;
  return undefined;
}

/** The interpreter that runs the server: the selected one if it is new enough, else the first that is. */
export async function serverInterpreter(scope: vscode.Uri | undefined, subscriptions: vscode.Disposable[]): Promise<Interpreter | undefined> {
  for await (const candidate of candidates(scope, subscriptions)) {
    if (await runsServer(candidate)) return candidate;
  }
  const names = process.platform === 'win32' ? [['py', '-3'], ['python']] : [['python3'], ['python']];
  for (const argv of names) {
    const candidate: Interpreter = { argv, from: 'PATH' };
    if (await runsServer(candidate)) return candidate;
  }
  return undefined;
}

async function runsServer(candidate: Interpreter): Promise<boolean> {
  const version = await versionOf(candidate.argv);
  if (version === undefined) {
    log.info(`${candidate.argv.join(' ')} (${candidate.from}) does not run`);
    return false;
  }
  const [major, minor] = version;
  const enough = major > OLDEST[0] || (major === OLDEST[0] && minor >= OLDEST[1]);
  if (!enough) log.info(`${candidate.argv.join(' ')} (${candidate.from}) is Python ${major}.${minor}; the server needs ${OLDEST.join('.')}`);
  return enough;
}

/** The version of an interpreter, asked for once; undefined for what does not run. */
function versionOf(argv: readonly string[]): Promise<readonly [number, number] | undefined> {
  const key = argv.join('\0');
  let known = versions.get(key);
  if (known === undefined) {
    known = new Promise((resolve) => {
      // -I: neither the working folder nor the user's variables decide what is imported.
      const args = [...argv.slice(1), '-I', '-c', 'import sys; print(*sys.version_info[:2])'];
      execFile(argv[0], args, { timeout: 20_000 }, (error, stdout) => {
        const match = /^(\d+) (\d+)/.exec(stdout);
        if (error || match === null) {
          versions.delete(key); // it may be installed later
          resolve(undefined);
        } else resolve([Number(match[1]), Number(match[2])]);
      });
    });
    versions.set(key, known);
  }
  return known;
}
