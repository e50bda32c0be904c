// A workspace that nobody trusts yet, in a real workbench: it is useful, and nothing that it names is started until it is trusted.
import assert from 'node:assert/strict';
import { chmodSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Driver, extension, openPage, startWorkbench } from './workbench.mjs';

export async function untrustedWorkspace() {
  const workbench = await startWorkbench({}, { trust: false });
  const { page, close } = await openPage();
  page.setDefaultTimeout(60_000);
  const driver = new Driver(page);
  const trap = join(workbench.root, 'started');
  const write = (path, text) => {
    writeFileSync(path, text);
    chmodSync(path, 0o755);
  };
  for (const name of ['.vscode', '.venv/bin']) mkdirSync(join(workbench.folder, name), { recursive: true });
  write(join(workbench.folder, '.venv', 'bin', 'python'), `#!/bin/sh\necho "$0 $@" >> ${trap}\nexec ${process.env.PYTHON ?? 'python3'} "$@"\n`);
  writeFileSync(join(workbench.folder, '.venv', 'pyvenv.cfg'), 'home = /usr/bin\nversion = 3.11.7\n');
  const named = { 'keras-lsp.interpreter': ['${workspaceFolder}/.venv/bin/python'], 'keras-lsp.python': '.venv' };
  writeFileSync(join(workbench.folder, '.vscode', 'settings.json'), JSON.stringify(named));
  const start = Date.now();
  try {
    await page.goto(`${workbench.url}/?folder=${encodeURIComponent(workbench.folder)}`);
    await page.locator('.explorer-folders-view').waitFor();
    await driver.open('reviews.py');
    await driver.line('(None, 200, 64)'); // hints
    await page.locator('.squiggly-error').first().waitFor(); // and problems
    await page.locator('.statusbar-item', { hasText: 'Restricted Mode' }).first().waitFor();
    assert(!existsSync(trap), 'an interpreter of the workspace was started');
    console.log(`ok an untrusted workspace has hints and problems, and nothing of it is started (${Date.now() - start} ms)`);

    await driver.command('Workspaces: Manage Workspace Trust');
    await page.locator('.workspace-trust-editor .monaco-button', { hasText: /^Trust/ }).first().click();
    for (let tries = 0; !existsSync(trap); tries++) {
      assert(tries < 300, 'the interpreter that the workspace names was not started after it was trusted');
      await page.waitForTimeout(200);
    }
    await driver.open('reviews.py');
    await driver.line('(None, 200, 64)');
    console.log(`ok once it is trusted, its interpreter counts (${Date.now() - start} ms)`);
    return true;
  } catch (error) {
    await page.screenshot({ path: join(extension, '.cache', 'failure.png') });
    console.log(`FAIL an untrusted workspace: ${error.stack ?? error}`);
    return false;
  } finally {
    await close();
    await workbench.stop();
  }
}
