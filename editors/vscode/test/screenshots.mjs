// `npm run screenshots`: what a user sees, in a light and a dark theme; the pictures of the README are among them.
import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { Driver, extension, openPage, startWorkbench } from './workbench.mjs';

const out = join(extension, '..', '..', 'docs', 'images');
const SIZE = { width: 1060, height: 560 };

class Photographer extends Driver {
  /** A picture to be looked at, and not kept. */
  async look(name) {
    await this.page.waitForTimeout(1500);
    await this.page.screenshot({ path: join(extension, '.cache', `${name}.png`) });
  }

  async shot(name) {
    await this.page.waitForTimeout(700);
    await this.page.screenshot({ path: join(out, `${name}.png`) });
    console.log(name);
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
  const driver = new Photographer(page);
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

    await driver.open('reviews.py');
    await page.locator('.squiggly-error').first().waitFor();
    await driver.go(1, 1);
    await driver.command('keras-lsp: Explain Error Message');
    await driver.choose('ValueError: Input 0 of layer "lstm_1" is incompatible with the layer: expected ndim=3, found ndim=2.');
    await driver.panel().locator('h1', { hasText: 'What the error means' }).waitFor();
    await driver.shot(`vscode-error-${theme}`);
    await driver.command('View: Close All Editors');

    await driver.command('Welcome: Open Walkthrough...');
    await driver.choose('Get started with keras-lsp', 'Get started with keras-lsp');
    await page.locator('.getting-started-step', { hasText: 'See shapes' }).first().waitFor();
    await driver.look(`walkthrough-${theme}`);
    await page.locator('.getting-started-step', { hasText: 'Understand a problem' }).first().click();
    await driver.look(`walkthrough-problem-${theme}`);
    await driver.command('View: Close All Editors');

    await driver.open('digits.py');
    await page.locator('.codelens-decoration a').first().click();
    await driver.panel().locator('tr', { hasText: 'conv2d_1' }).waitFor();
    await driver.panel().locator('tr', { hasText: 'conv2d_1' }).click();
    await page.setViewportSize({ width: 620, height: 420 });
    await driver.look(`narrow-${theme}`);
    await page.setViewportSize(SIZE);
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
