// Puts keras-lsp and the pure-Python libraries that it needs into bundled/libs, so that the extension works offline.
// PYTHON names the interpreter whose pip is used; any will do, since nothing is compiled.
import { execFileSync } from 'node:child_process';
import { cpSync, readdirSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const extension = dirname(dirname(fileURLToPath(import.meta.url)));
const project = join(extension, '..', '..');
const libraries = join(extension, 'bundled', 'libs');
const python = process.env.PYTHON ?? (process.platform === 'win32' ? 'python' : 'python3');

rmSync(libraries, { recursive: true, force: true });
const install = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--no-compile', '--target', libraries];
const pure = ['--implementation', 'py', '--python-version', '3.10', '--only-binary=:all:', '--no-deps', '--require-hashes'];
execFileSync(python, [...install, ...pure, '-r', join(extension, 'bundled', 'requirements.txt')], { stdio: ['ignore', 'inherit', 'ignore'] });
// Commands nobody calls, caches, what only Jedi's Django plugin reads; of metadata only the licences stay.
for (const path of ['bin', join('jedi', 'third_party', 'django-stubs')]) rmSync(join(libraries, path), { recursive: true, force: true });
for (const folder of readdirSync(libraries).filter((name) => name.endsWith('.dist-info'))) {
  for (const name of readdirSync(join(libraries, folder))) {
    if (!/^licen[cs]e/i.test(name)) rmSync(join(libraries, folder, name), { recursive: true });
  }
}
cpSync(join(project, 'keras_lsp'), join(libraries, 'keras_lsp'), { recursive: true, filter: (path) => !path.includes('__pycache__') });
for (const file of ['LICENSE', 'CHANGELOG.md']) {
  try {
    cpSync(join(project, file), join(extension, file));
  } catch (error) {
    if (error.code !== 'ENOENT') throw error;
  }
}
console.log(`bundled into ${libraries}`);
