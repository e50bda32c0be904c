// `npm run screenshots`: what a user sees, in a light and a dark theme; the pictures of the README are among them.
import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { extension, openPage, startWorkbench } from './workbench.mjs';

const out = join(extension, '..', '..', 'docs', 'images');
const SIZE = { width: 1060, height: 560 };

class Driver {
  constructor(page) {
    this.page = page;
  }

  async choose(text, wait) {
    const box = this.page.locator('.quick-input-widget input.input');
    await box.waitFor();
    await box.fill(text);
    if (wait) await this.page.locator('.quick-input-list .monaco-list-row', { hasText: wait }).first().waitFor();
    await this.page.waitForTimeout(300);
    await this.page.keyboard.press('Enter');
  }

  async command(name) {
    await this.page.keyboard.press('F1');
    await this.choose(`>${name}`, name);
  }

  async open(file) {
    await this.page.keyboard.press('Control+p');
    await this.choose(file, file);
    await this.page.locator('.tab', { hasText: file }).first().waitFor();
    await this.page.locator('.view-line').first().click();
  }

  async go(line, column) {
    await this.page.keyboard.press('Control+g');
    await this.choose(`:${line}:${column}`);
    await this.page.waitForTimeout(300);
  }

  async line(text) {
    await this.page.locator('.view-lines .view-line', { hasText: text }).first().waitFor();
  }

  async shot(name) {
    await this.page.waitForTimeout(700);
    await this.page.screenshot({ path: join(out, `${name}.png`) });
    console.log(name);
  }

  /** The document of the panel. */
  panel() {
    return this.page.frameLocator('iframe.webview.ready').frameLocator('#active-frame');
  }
}

async function session(theme, colours) {
  const workbench = await startWorkbench({
    'workbench.colorTheme': colours,
    'workbench.activityBar.location': 'hidden',
    'window.menuBarVisibility': 'hidden',
    'workbench.layoutControl.enabled': false,
    'workbench.editor.editorActionsLocation': 'hidden',
    'breadcrumbs.enabled': false,
    'editor.fontSize': 13,
    'editor.stickyScroll.enabled': false,
  });
  const { page, close } = await openPage(SIZE, theme === 'dark');
  const driver = new Driver(page);
  page.setDefaultTimeout(60_000);
  try {
    await page.goto(`${workbench.url}/?folder=${encodeURIComponent(workbench.folder)}`);
    await page.locator('.explorer-folders-view').waitFor();
    await page.keyboard.press('Control+b');
    await driver.open('digits.py');
    await driver.line('(None, 11, 11, 64)');
    await driver.go(12, 14);
    await driver.command('Show or Focus Hover');
    await page.locator('.monaco-hover', { hasText: 'Conv2D' }).first().waitFor();
    await driver.shot(`vscode-hover-${theme}`);
    await page.keyboard.press('Escape');

    await driver.open('reviews.py');
    await page.locator('.squiggly-error').first().waitFor();
    await driver.go(9, 8);
    await driver.command('Show or Focus Hover');
    await page.locator('.monaco-hover', { hasText: 'KER' }).first().waitFor();
    await driver.shot(`vscode-problem-${theme}`);
    await page.keyboard.press('Escape');
    await page.locator('.codelens-decoration a').first().click();
    await driver.panel().locator('tr.failed').first().waitFor();
    await driver.panel().locator('#tab-graph').click();
    await driver.shot(`vscode-broken-${theme}`);
    await driver.command('View: Close All Editors');

    await driver.open('digits.py');
    await page.locator('.codelens-decoration a').first().click();
    await driver.panel().locator('tr', { hasText: 'conv2d_1' }).waitFor();
    await driver.panel().locator('tr', { hasText: 'conv2d_1' }).click();
    await page.mouse.move(4, SIZE.height - 4);
    await driver.shot(`vscode-model-${theme}`);
    await driver.command('View: Close All Editors');

    await driver.open('residual.py');
    await driver.go(28, 4);
    await driver.command('keras-lsp: Show Model Graph');
    await driver.panel().locator('#graph svg').waitFor();
    await driver.shot(`vscode-graph-${theme}`);
    await driver.command('View: Close All Editors');

    await driver.open('sequences.ipynb');
    await page.locator('.notebookOverlay .squiggly-error').first().waitFor();
    await page.locator('.notebookOverlay .view-line', { hasText: '(None,' }).first().waitFor();
    await driver.shot(`vscode-notebook-${theme}`);
  } catch (error) {
    await page.screenshot({ path: join(extension, '.cache', `failure-${theme}.png`) });
    throw error;
  } finally {
    await close();
    await workbench.stop();
  }
}

export async function takeScreenshots() {
  mkdirSync(out, { recursive: true });
  mkdirSync(join(extension, '.cache'), { recursive: true });
  await session('light', 'Default Light Modern');
  await session('dark', 'Default Dark Modern');
  // Made small where pngquant is installed.
  const pictures = readdirSync(out).filter((name) => name.startsWith('vscode-')).map((name) => join(out, name));
  spawnSync('pngquant', ['--force', '--ext', '.png', '--skip-if-larger', '--quality', '70-95', ...pictures]);
}
