import * as vscode from 'vscode';
import { onDidChangeInterpreter } from './interpreter';
import { log, notify, trace } from './log';
import { ModelView } from './modelView';
import { Server } from './server';
import { StatusItem } from './status';

interface Text {
  readonly title: string;
  readonly text: string;
  readonly languageId: string;
}

/** The argument of a code lens. */
interface LensArgument {
  readonly uri?: string;
  readonly model?: number;
}

let server: Server | undefined;

export async function activate(context: vscode.ExtensionContext): Promise<{ status: StatusItem; models: ModelView }> {
  const running = (server = new Server(context));
  const status = new StatusItem(running);
  const models = new ModelView(context, running);
  const explanations = new Explanations(running);

  const show = (tab: 'table' | 'graph') => async (argument?: LensArgument) => {
    const editor = vscode.window.activeTextEditor;
    try {
      if (argument?.uri !== undefined && argument.model !== undefined) {
        await models.show(vscode.Uri.parse(argument.uri), { model: argument.model }, tab);
      } else if (editor?.document.languageId === 'python') {
        await models.show(editor.document.uri, { position: editor.selection.active }, tab);
      } else {
        void vscode.window.showInformationMessage('Open a Python file or notebook with a Keras model first.');
      }
    } catch (error) {
      notify('warning', error instanceof Error ? error.message : String(error));
    }
  };
  const command = (name: string, run: (...args: never[]) => unknown) => vscode.commands.registerCommand(`keras-lsp.${name}`, run);

  context.subscriptions.push(
    log,
    trace,
    status,
    models,
    vscode.workspace.registerTextDocumentContentProvider('keras-lsp', explanations),
    command('restart', () => running.restart()),
    command('restartWorker', async () => {
      await running.execute('keras-lsp.restartWorker');
      await status.update();
    }),
    command('showLogs', () => log.show()),
    command('showModelSummary', show('table')),
    command('showModelGraph', show('graph')),
    command('explainError', (argument?: { code?: string }) => explanations.show(argument?.code)),
    command('printDebugInformation', async () => {
      const answer = await running.execute<Text>('keras-lsp.printDebugInformation');
      const content = `${answer?.text ?? 'the server is not running'}\nserver: ${running.description}\neditor: ${vscode.version}\n`;
      await vscode.window.showTextDocument(await vscode.workspace.openTextDocument({ content, language: 'plaintext' }));
    }),
    vscode.workspace.onDidChangeConfiguration((event) => running.configurationChanged(event)),
    vscode.workspace.onDidGrantWorkspaceTrust(() => running.restart()),
    onDidChangeInterpreter(() => running.interpreterChanged()),
  );
  await running.restart();
  return { status, models };
}

export async function deactivate(): Promise<void> {
  await server?.dispose();
}

/** Pages about rules, as read-only Markdown documents. */
class Explanations implements vscode.TextDocumentContentProvider {
  constructor(private readonly server: Server) {}

  async provideTextDocumentContent(uri: vscode.Uri): Promise<string> {
    const code = uri.path.replace(/^\/|\.md$/g, '');
    const answer = await this.server.execute<Text>('keras-lsp.explainError', { code });
    return answer === undefined ? '' : answer.text;
  }

  /** Shows the page of a rule: the given one, that of the finding at the cursor, or the one asked for. */
  async show(code: string | undefined): Promise<void> {
    const wanted = code ?? codeAtCursor() ?? (await vscode.window.showInputBox({ prompt: 'Code of a rule', placeHolder: 'KER201' }));
    if (!wanted) return;
    try {
      const uri = vscode.Uri.from({ scheme: 'keras-lsp', path: `/${wanted.trim().toUpperCase()}.md` });
      await this.server.execute<Text>('keras-lsp.explainError', { code: wanted.trim().toUpperCase() }); // fails for what is no rule
      await vscode.commands.executeCommand('markdown.showPreview', uri);
    } catch (error) {
      notify('warning', error instanceof Error ? error.message : String(error));
    }
  }
}

function codeAtCursor(): string | undefined {
  const editor = vscode.window.activeTextEditor;
  if (editor === undefined) return undefined;
  const line = editor.selection.active.line;
  const found = vscode.languages
    .getDiagnostics(editor.document.uri)
    .find((item) => item.source === 'keras-lsp' && item.range.start.line <= line && line <= item.range.end.line);
  const code = found?.code;
  return typeof code === 'object' ? String(code.value) : code === undefined ? undefined : String(code);
}
