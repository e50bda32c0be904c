// Opens a notebook in a real JupyterLab, with jupyterlab-lsp, python-lsp-server and our plugin, in headless Chromium:
//   JUPYTER=path/to/jupyter-lab node editors/jupyterlab/test/run.mjs
// `npm ci --ignore-scripts` in editors/vscode brings what drives the browser.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { freePort, openPage } from '../../vscode/test/workbench.mjs';

const here = dirname(fileURLToPath(import.meta.url));
const out = join(here, '..', '..', '..', 'docs', 'images');
const root = mkdtempSync(join(tmpdir(), 'keras-lsp-jupyter-'));
for (const name of ['files', 'config', 'data', 'run', 'ipython']) mkdirSync(join(root, name));
const settings = join(root, 'config', 'lab', 'user-settings', '@jupyterlab', 'apputils-extension');
mkdirSync(settings, { recursive: true });
writeFileSync(join(settings, 'notification.jupyterlab-settings'), JSON.stringify({ fetchNews: 'false', checkForUpdates: false }));
const port = await freePort();
const env = {
  ...process.env,
  JUPYTER_CONFIG_DIR: join(root, 'config'),
  JUPYTER_DATA_DIR: join(root, 'data'),
  JUPYTER_RUNTIME_DIR: join(root, 'run'),
  IPYTHONDIR: join(root, 'ipython'),
};
const options = [
  '--no-browser',
  '--allow-root',
  '--ip=127.0.0.1',
  `--port=${port}`,
  '--ServerApp.port_retries=0',
  '--IdentityProvider.token=',
  `--ServerApp.root_dir=${join(root, 'files')}`,
  '--LabApp.news_url=None',
  '--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate',
];
const lab = spawn(process.env.JUPYTER ?? 'jupyter-lab', options, { env, stdio: 'ignore' });
const { page, close } = await openPage({ width: 1000, height: 560 });
page.setDefaultTimeout(90_000);
page.on('websocket', (socket) => socket.url().includes('/lsp/ws/') && console.log(`server: ${socket.url().split('/').pop()}`));

/** Where a word of a rendered line is: its tokens are spread over elements. */
const place = (text, word) =>
  page.evaluate(
    ([text, word]) => {
      for (const line of document.querySelectorAll('.jp-Notebook .cm-line')) {
        if (!line.textContent.includes(text)) continue;
        const nodes = document.createTreeWalker(line, NodeFilter.SHOW_TEXT);
        for (let node; (node = nodes.nextNode()); ) {
          const index = node.data.indexOf(word);
          if (index < 0) continue;
          const range = document.createRange();
          range.setStart(node, index);
          range.setEnd(node, index + word.length);
          const { x, y, width, height } = range.getBoundingClientRect();
          return { x: x + width / 2, y: y + height / 2 };
        }
      }
      throw new Error(`no ${word}`);
    },
    [text, word],
  );

let passed = 0;
async function step(name, act) {
  const start = Date.now();
  await act();
  passed++;
  console.log(`ok ${name} (${Date.now() - start} ms)`);
}

try {
  for (let tries = 0; !(await fetch(`http://127.0.0.1:${port}/api`).then((answer) => answer.ok, () => false)); tries++) {
    assert(tries < 300, 'JupyterLab did not start');
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  await step('a new notebook in an empty folder: the first problem while it is typed', async () => {
    await page.goto(`http://127.0.0.1:${port}/lab?reset`);
    await page.locator('.jp-LauncherCard[data-category="Notebook"]').first().click();
    await page.locator('.jp-Notebook .cm-content').first().click();
    await page.keyboard.type('import keras', { delay: 20 });
    await page.keyboard.press('Enter');
    await page.keyboard.type('layer = keras.layers.Conv2D(8, 30)(keras.Input((28, 28, 1)))', { delay: 20 });
    await page.locator('.jp-Notebook .cm-lintRange-error, .jp-Notebook .cm-lsp-diagnostic-Error').first().waitFor();
  });
  cpSync(join(here, '..', '..', 'vscode', 'test', 'workspace', 'sequences.ipynb'), join(root, 'files', 'sequences.ipynb'));
  await page.goto(`http://127.0.0.1:${port}/lab/tree/sequences.ipynb?reset`);
  await page.locator('.jp-Notebook .cm-line', { hasText: 'LSTM(8' }).first().waitFor();
  await page.keyboard.press('Control+b');
  await step('the problem of the last cell is underlined', async () => {
    await page.locator('.jp-Notebook .cm-lintRange-error, .jp-Notebook .cm-lsp-diagnostic-Error').first().waitFor();
  });
  await step('hover', async () => {
    const at = await place('Dense(3', 'Dense');
    const hover = page.locator('.lsp-hover, .jp-Tooltip', { hasText: '(None, 8) -> (None, 3)' }).first();
    // The tooltip comes when the mouse moves over a word while Control is held, and the answer for that word is there.
    for (let tries = 0; !(await hover.isVisible()); tries++) {
      assert(tries < 60, 'no hover');
      await page.mouse.move(at.x - 8 + (tries % 2) * 12, at.y);
      await page.keyboard.down('Control');
      await page.mouse.move(at.x - 4 + (tries % 2) * 4, at.y, { steps: 4 });
      await hover.waitFor({ timeout: 1500 }).catch(() => page.keyboard.up('Control'));
    }
    await page.waitForTimeout(500);
    await page.screenshot({ path: join(out, 'jupyterlab-hover.png') });
    await page.keyboard.up('Control');
    await page.mouse.move(5, 500);
  });
  await step('completion', async () => {
    await page.locator('.jp-Notebook .cm-line', { hasText: 'LSTM(8' }).first().click();
    await page.keyboard.press('End');
    for (const key of ['ArrowLeft', 'ArrowLeft']) await page.keyboard.press(key);
    await page.keyboard.type(', return_seq');
    // A single candidate is put in at once; several are shown as a list.
    const line = page.locator('.jp-Notebook .cm-line', { hasText: 'return_sequences=' });
    const list = page.locator('.jp-Completer', { hasText: 'return_sequences' });
    for (let tries = 0; !(await line.or(list).first().isVisible()); tries++) {
      assert(tries < 20, 'no completion'); // JupyterLab waits for one second only: the next time the answer is known
      await page.keyboard.press('Tab');
      await line.or(list).first().waitFor({ timeout: 4000 }).catch(() => {});
    }
  });
  await step('signature', async () => {
    await page.keyboard.press('Escape');
    await page.locator('.jp-Notebook .cm-line', { hasText: 'Conv2D(8, 3)(tall)' }).first().click();
    await page.keyboard.press('End');
    await page.keyboard.press('Enter');
    await page.keyboard.type('flat = layers.Dense(', { delay: 30 });
    await page.locator('.lsp-signature-help, .jp-Tooltip', { hasText: 'units' }).first().waitFor();
  });
  console.log(`${passed} passed, 0 failed`);
} catch (error) {
  await page.screenshot({ path: join(tmpdir(), 'keras-lsp-jupyter-failure.png') });
  console.error(error);
  process.exitCode = 1;
} finally {
  await close();
  const ended = new Promise((resolve) => lab.once('exit', resolve));
  lab.kill();
  await Promise.race([ended, new Promise((resolve) => setTimeout(resolve, 8000).unref())]);
  rmSync(root, { recursive: true, force: true, maxRetries: 5, retryDelay: 300 });
}
