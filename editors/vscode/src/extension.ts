import * as vscode from 'vscode';
import { Explanations } from './explanations';
import type { ErrorArgument, Text } from './explanations';
import { onDidChangeInterpreter } from './interpreter';
import { log, tell, trace } from './log';
import { ModelView } from './modelView';
import { Server } from './server';
import { StatusItem } from './status';

/** The argument of a code lens. */
interface LensArgument {
  readonly uri?: string;
  readonly model?: number;
}

let server: Server | undefined;

export async function activate(context: vscode.ExtensionContext): Promise<{ status: StatusItem; models: ModelView; explanations: Explanations }> {
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
        tell('open a Python file or notebook with a Keras model first');
      }
    } catch (error) {
      tell(error);
    }
  };
  const command = (name: string, run: (...args: never[]) => unknown) => vscode.commands.registerCommand(`keras-lsp.${name}`, run);

  context.subscriptions.push(
    log,
    trace,
    status,
    models,
    explanations,
    vscode.workspace.registerTextDocumentContentProvider('keras-lsp', explanations),
    command('restart', () => running.restart()),
    command('restartWorker', async () => {
      try {
        await running.ask('keras-lsp.restartWorker');
        await status.update();
      } catch (error) {
        tell(error);
      }
    }),
    command('showLogs', () => log.show()),
    command('showModelSummary', show('table')),
    command('showModelGraph', show('graph')),
    command('explainError', (argument?: { code?: string }) => explanations.showRule(argument?.code)),
    command('explainErrorText', (argument?: ErrorArgument) => explanations.showError(argument)),
    command('explainTerminalSelection', () => explanations.showTerminalError()),
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
  return { status, models, explanations };
}

export async function deactivate(): Promise<void> {
  await server?.dispose();
}
