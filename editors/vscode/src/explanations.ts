// Explains: a rule by its page, and an error text of Keras or TensorFlow by what it means and the line that it is about.
import { basename, isAbsolute } from 'node:path';
import * as vscode from 'vscode';
import { tell } from './log';
import { reveal } from './places';
import type { Place } from './places';
import type { Server } from './server';

export interface Text {
  readonly title: string;
  readonly text: string;
  readonly languageId: string;
}

/** What `keras-lsp.explainError` answers to an error text. */
interface ErrorText extends Text {
  readonly place: Place | null;
}

/** A text that may be an error of a program, and the document that it is about, where that is known. */
export interface ErrorArgument {
  readonly text?: string;
  readonly uri?: string;
}

const LOOKS_LIKE_AN_ERROR = /\b\w*(Error|Exception)\b|^Traceback /m;
const FRAME = /File "([^"\n]+)", line \d+|File ([^\s"]+):\d+/g;
const LIBRARY = /[\\/](site|dist)-packages[\\/]/;
/** The clipboard is put into a field of one line; an end of a line is as good as a space there. */
const flat = (text: string): string => text.trim().replace(/\s+/g, ' ');
const ERROR_PAGE = '/What the error means.md';

export class Explanations implements vscode.TextDocumentContentProvider, vscode.Disposable {
  private readonly changed = new vscode.EventEmitter<vscode.Uri>();
  readonly onDidChange = this.changed.event;
  private error = '';

  constructor(private readonly server: Server) {}

  /** Pages are read-only Markdown documents. */
  async provideTextDocumentContent(uri: vscode.Uri): Promise<string> {
    if (uri.path === ERROR_PAGE) return this.error;
    const code = uri.path.replace(/^\/|\.md$/g, '');
    const answer = await this.server.execute<Text>('keras-lsp.explainError', { code });
    return answer === undefined ? '' : answer.text;
  }

  /** Shows the page of a rule: the given one, that of the finding at the cursor, or the one asked for. */
  async showRule(code: string | undefined): Promise<void> {
    const wanted = code ?? codeAtCursor() ?? (await vscode.window.showInputBox({ prompt: 'Code of a rule', placeHolder: 'KER201' }));
    if (!wanted) return;
    try {
      const uri = vscode.Uri.from({ scheme: 'keras-lsp', path: `/${wanted.trim().toUpperCase()}.md` });
      await this.server.ask<Text>('keras-lsp.explainError', { code: wanted.trim().toUpperCase() }); // fails for what is no rule
      await vscode.commands.executeCommand('markdown.showPreview', uri);
    } catch (error) {
      tell(error);
    }
  }

  /** Explains an error text: the given one, what is selected, or what is pasted; and leads to the line that it is about. */
  async showError(argument?: ErrorArgument): Promise<void> {
    try {
      const text = argument?.text ?? selectedError() ?? (await askForError());
      if (!text?.trim()) return;
      const uri = argument?.uri ?? (await this.document(text));
      const answer = await this.server.ask<ErrorText>('keras-lsp.explainError', { text, ...(uri === undefined ? {} : { uri }) });
      this.error = `# ${answer.title}\n\n${answer.text}`;
      const page = vscode.Uri.from({ scheme: 'keras-lsp', path: ERROR_PAGE });
      this.changed.fire(page);
      await vscode.commands.executeCommand('markdown.showPreviewToSide', page);
      if (answer.place !== null) await reveal(this.server, answer.place);
    } catch (error) {
      tell(error);
    }
  }

  /** Explains what is selected in the terminal. Its text is to be had over the clipboard only, which is put back. */
  async showTerminalError(): Promise<void> {
    const before = await vscode.env.clipboard.readText();
    await vscode.commands.executeCommand('workbench.action.terminal.copySelection');
    const text = await vscode.env.clipboard.readText();
    await vscode.env.clipboard.writeText(before);
    await this.showError({ text });
  }

  /** The program that an error text is about: the innermost file of the workspace in its traceback, else the one being edited. */
  private async document(text: string): Promise<string | undefined> {
    const names = [...text.matchAll(FRAME)].map((match) => match[1] ?? match[2]).filter((name) => !LIBRARY.test(name));
    for (const name of names.reverse()) {
      const open = vscode.workspace.textDocuments.filter((document) => document.languageId === 'python');
      const known =
        open.find((document) => document.uri.fsPath === name) ?? open.find((document) => basename(document.uri.fsPath) === basename(name));
      if (known !== undefined) return this.server.uri(known.uri);
      for (const folder of vscode.workspace.workspaceFolders ?? []) {
        const uri = isAbsolute(name) ? folder.uri.with({ path: vscode.Uri.file(name).path }) : vscode.Uri.joinPath(folder.uri, name);
        if (vscode.workspace.getWorkspaceFolder(uri) === undefined) continue;
        try {
          return this.server.uri((await vscode.workspace.openTextDocument(uri)).uri);
        } catch {
          continue; // the traceback comes from elsewhere
        }
      }
    }
    const editors = [vscode.window.activeTextEditor, ...vscode.window.visibleTextEditors];
    const edited = editors.find((editor) => editor?.document.languageId === 'python')?.document;
    const cells = vscode.window.activeNotebookEditor?.notebook.getCells() ?? [];
    const document = edited ?? cells.find((cell) => cell.document.languageId === 'python')?.document;
    return document === undefined ? undefined : this.server.uri(document.uri);
  }

  /** The page about the last error, for tests. */
  get shown(): string {
    return this.error;
  }

  dispose(): void {
    this.changed.dispose();
  }
}

function selectedError(): string | undefined {
  const editor = vscode.window.activeTextEditor;
  const text = editor?.document.getText(editor.selection) ?? '';
  return LOOKS_LIKE_AN_ERROR.test(text) ? text : undefined;
}

async function askForError(): Promise<string | undefined> {
  const clipboard = await vscode.env.clipboard.readText();
  const text = await vscode.window.showInputBox({
    title: 'Explain Error Message',
    prompt: 'Paste an error text or traceback of Keras or TensorFlow; its last lines are enough',
    placeHolder: 'ValueError: Input 0 of layer "lstm" is incompatible with the layer: …',
    value: LOOKS_LIKE_AN_ERROR.test(clipboard) ? flat(clipboard) : '',
    ignoreFocusOut: true,
  });
  return text !== undefined && flat(text) === flat(clipboard) ? clipboard : text;
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
