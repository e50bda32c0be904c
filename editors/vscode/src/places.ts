// Leads the cursor to a place that the server named: in a file, or in a cell of a notebook.
import * as vscode from 'vscode';
import type { Server } from './server';

export interface Range {
  readonly start: { readonly line: number; readonly character: number };
  readonly end: { readonly line: number; readonly character: number };
}

export interface Place {
  readonly uri: string;
  readonly range: Range;
}

/** Puts the cursor on a place, in the editor that shows it already where there is one. */
export async function reveal(server: Server, place: Place): Promise<void> {
  const { start, end } = place.range;
  const range = new vscode.Range(start.line, start.character, end.line, end.character);
  const visible = vscode.window.visibleTextEditors.find((editor) => server.uri(editor.document.uri) === place.uri);
  const editor =
    visible !== undefined && visible.viewColumn === undefined
      ? visible // a cell of a notebook
      : await vscode.window.showTextDocument(visible?.document ?? (await vscode.workspace.openTextDocument(vscode.Uri.parse(place.uri))), {
          viewColumn: visible?.viewColumn ?? vscode.ViewColumn.One,
        });
  editor.selection = new vscode.Selection(range.start, range.start);
  editor.revealRange(range, vscode.TextEditorRevealType.InCenterIfOutsideViewport);
}
