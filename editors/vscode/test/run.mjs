// `npm test`: the tests of test/host in the extension host of a real workbench, with the extension as it is packaged; a workspace
// that is not trusted; and a new user's first minute.
// `npm run screenshots`: pictures for the README.
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { extension, openPage, startWorkbench } from './workbench.mjs';

/** Milliseconds for all tests; they take 20 seconds on an idle machine. */
const LIMIT = 300_000;

async function inExtensionHost() {
  const workbench = await startWorkbench();
  const { page, close } = await openPage();
  try {
    let finish;
    const finished = new Promise((resolve) => (finish = resolve));
    await page.exposeFunction('codeAutomationLog', (_type, args) => {
      const text = args.join(' ');
      if (process.env.VERBOSE || /^(ok|FAIL|\d+ passed)/.test(text)) console.log(text);
    });
    await page.exposeFunction('codeAutomationExit', (code) => finish(code));
    const remote = (path) => `vscode-remote://127.0.0.1:${workbench.port}${path}`;
    const payload = [
      ['extensionDevelopmentPath', remote(workbench.installed)],
      ['extensionTestsPath', remote(join(extension, 'test', 'host', 'index.js'))],
      ['skipWelcome', 'true'],
    ];
    await page.goto(`${workbench.url}/?folder=${encodeURIComponent(workbench.folder)}&payload=${encodeURIComponent(JSON.stringify(payload))}`);
    const code = await Promise.race([finished, new Promise((resolve) => setTimeout(() => resolve('too late'), LIMIT).unref())]);
    if (code !== 0) await page.screenshot({ path: join(extension, '.cache', 'failure.png') });
    return code === 0;
  } finally {
    await close();
    await workbench.stop();
  }
}

if (!existsSync(join(extension, 'keras-lsp.vsix'))) execFileSync('npm', ['run', 'package'], { cwd: extension, stdio: 'inherit' });
if (process.argv.includes('--screenshots')) {
  const { takeScreenshots } = await import('./screenshots.mjs');
  await takeScreenshots();
} else {
  const { untrustedWorkspace } = await import('./untrusted.mjs');
  const { newUser } = await import('./newUser.mjs');
  const passed = [await inExtensionHost(), await untrustedWorkspace(), await newUser()];
  if (!passed.every(Boolean)) process.exitCode = 1;
}
