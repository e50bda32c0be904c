// A real workbench to test in: VS Code as code-server ships it, in headless Chromium. Nothing is downloaded but npm packages, once.
import { execFileSync, spawn } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';

export const extension = dirname(dirname(fileURLToPath(import.meta.url)));
const VERSION = '4.100.3'; // VS Code 1.100.3, the newest that Node 20 runs
const cache = process.env.KERAS_LSP_CODE_SERVER ?? join(extension, '.cache', 'code-server');
const python = process.env.PYTHON ?? 'python3';
const browser = process.env.CHROMIUM ?? '/usr/bin/chromium';

/** Installs code-server into the cache; its own install scripts would download more than is needed. */
function install() {
  const vscode = join(cache, 'node_modules', 'code-server', 'lib', 'vscode');
  if (existsSync(join(vscode, 'node_modules'))) return;
  mkdirSync(cache, { recursive: true });
  writeFileSync(join(cache, 'package.json'), '{"private": true}\n');
  const npm = (cwd, ...args) => execFileSync('npm', [...args, '--no-audit', '--no-fund'], { cwd, stdio: ['ignore', 'ignore', 'inherit'] });
  npm(cache, 'install', '--ignore-scripts', '--omit=dev', `code-server@${VERSION}`);
  execFileSync('npm', ['rebuild', 'argon2'], { cwd: cache, stdio: 'ignore', env: { ...process.env, npm_config_build_from_source: 'true' } });
  npm(vscode, 'install', '--ignore-scripts', '--omit=dev');
  execFileSync('npm', ['rebuild', '@vscode/spdlog', 'native-watchdog'], { cwd: vscode, stdio: 'ignore' });
  const ripgrep = join(vscode, 'node_modules', '@vscode', 'ripgrep', 'bin');
  if (existsSync('/usr/bin/rg') && !existsSync(ripgrep)) {
    mkdirSync(ripgrep, { recursive: true });
    symlinkSync('/usr/bin/rg', join(ripgrep, 'rg'));
  }
}

export const freePort = () =>
  new Promise((resolve) => {
    const probe = createServer().listen(0, '127.0.0.1', () => {
      const { port } = probe.address();
      probe.close(() => resolve(port));
    });
  });

/**
 * Starts a workbench with the packaged extension installed and a copy of the test workspace, or as a new user has it: an `empty` folder,
 * and no setting of ours. `stop` ends and removes it.
 */
export async function startWorkbench(settings = {}, { trust = true, empty = false } = {}) {
  install();
  const root = mkdtempSync(join(tmpdir(), 'keras-lsp-workbench-'));
  const folder = join(root, 'models');
  if (empty) mkdirSync(folder);
  else cpSync(join(extension, 'test', 'workspace'), folder, { recursive: true });
  const interpreter = execFileSync(python, ['-c', 'import sys; print(sys.executable)'], { encoding: 'utf8' }).trim();
  const all = {
    'telemetry.telemetryLevel': 'off',
    'extensions.autoUpdate': false,
    'extensions.autoCheckUpdates': false,
    'extensions.ignoreRecommendations': true,
    'workbench.enableExperiments': false,
    'workbench.startupEditor': 'none',
    'workbench.tips.enabled': false,
    'security.workspace.trust.enabled': !trust,
    'security.workspace.trust.startupPrompt': 'never',
    'files.autoSave': 'off',
    'files.hotExit': 'off',
    'git.enabled': false,
    'chat.commandCenter.enabled': false,
    'editor.minimap.enabled': false,
    'editor.fontFamily': 'DejaVu Sans Mono',
    ...(empty ? {} : { 'keras-lsp.interpreter': [interpreter] }),
    'keras-lsp.logLevel': 'info',
    ...settings,
  };
  for (const place of ['User', 'Machine']) {
    mkdirSync(join(root, 'data', place), { recursive: true });
    writeFileSync(join(root, 'data', place, 'settings.json'), JSON.stringify(all));
  }
  writeFileSync(join(root, 'config.yaml'), 'auth: none\ncert: false\n');
  const entry = join(cache, 'node_modules', 'code-server', 'out', 'node', 'entry.js');
  const places = ['--config', join(root, 'config.yaml'), '--user-data-dir', join(root, 'data'), '--extensions-dir', join(root, 'extensions')];
  const env = { ...process.env, EXTENSIONS_GALLERY: '{"serviceUrl":""}', XDG_CONFIG_HOME: join(root, 'config'), XDG_DATA_HOME: join(root, 'share') };
  execFileSync(process.execPath, [entry, ...places, '--install-extension', join(extension, 'keras-lsp.vsix')], { env, stdio: ['ignore', 'ignore', 'inherit'] });
  const installed = join(root, 'extensions', readdirSync(join(root, 'extensions')).find((name) => name.startsWith('keras-lsp.')));
  const port = await freePort();
  const quiet = ['--disable-telemetry', '--disable-update-check', '--disable-getting-started-override'];
  if (trust) quiet.push('--disable-workspace-trust');
  const server = spawn(process.execPath, [entry, ...places, '--bind-addr', `127.0.0.1:${port}`, '--auth', 'none', ...quiet, folder], { env, stdio: 'ignore' });
  const url = `http://127.0.0.1:${port}`;
  for (let tries = 0; ; tries++) {
    if (await fetch(`${url}/healthz`).then((answer) => answer.ok, () => false)) break;
    if (tries > 150) throw new Error('code-server did not start');
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  const stop = async () => {
    const ended = new Promise((resolve) => server.once('exit', resolve));
    server.kill();
    await Promise.race([ended, new Promise((resolve) => setTimeout(resolve, 5000).unref())]);
    rmSync(root, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
  };
  return { url, port, folder, installed, root, stop };
}

/** A person at the page. */
export class Driver {
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

  /** The document of the panel. */
  panel() {
    return this.page.frameLocator('iframe.webview.ready').frameLocator('#active-frame');
  }
}

/** Opens a page in headless Chromium that talks to this machine only; `close` ends it. */
export async function openPage(viewport = { width: 1280, height: 760 }, dark = false) {
  const profile = mkdtempSync(join(tmpdir(), 'keras-lsp-chromium-'));
  const context = await chromium.launchPersistentContext(profile, {
    executablePath: browser,
    headless: true,
    viewport,
    colorScheme: dark ? 'dark' : 'light',
    args: [
      '--headless',
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      '--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1',
    ],
  });
  await context.grantPermissions(['clipboard-read', 'clipboard-write']);
  const page = context.pages()[0];
  const close = async () => {
    await context.close();
    rmSync(profile, { recursive: true, force: true });
  };
  return { page, close };
}
