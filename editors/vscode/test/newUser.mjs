// A new user's first minute in a real workbench: an empty folder, no settings, a program typed key by key. The hints must come, and those
// of lines that are finished must stay while the others are typed.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Driver, extension, openPage, startWorkbench } from './workbench.mjs';

const PROGRAM = ['import keras', 'from keras import layers', '', 'x = keras.Input((28, 28, 1))', 'y = layers.Conv2D(8, 3)(x)', 'z = layers.Flatten()(y)'];
const HINTS = ['(None, 28, 28, 1)', '(None, 26, 26, 8)', '(None, 5408)'];

export async function newUser() {
  const workbench = await startWorkbench({}, { empty: true });
  const { page, close } = await openPage();
  page.setDefaultTimeout(60_000);
  const driver = new Driver(page);
  const start = Date.now();
  try {
    await page.goto(`${workbench.url}/?folder=${encodeURIComponent(workbench.folder)}`);
    await page.locator('.explorer-folders-view').waitFor();
    writeFileSync(join(workbench.folder, 'model.py'), '');
    await driver.open('model.py');
    for (const line of PROGRAM) {
      await page.keyboard.type(line, { delay: 40 });
      await page.keyboard.press('Escape'); // else Enter would take what is suggested
      await page.keyboard.press('Enter');
    }
    for (const hint of HINTS) await driver.line(hint);
    console.log(`ok from an empty folder to the first hints (${Date.now() - start} ms)`);

    // The line in the middle is typed again; the one below it keeps its hint all the time.
    await driver.go(5, 1);
    await page.keyboard.press('Shift+End');
    let gone = 0;
    const count = () => page.locator('.view-line', { hasText: HINTS[2] }).count();
    for (const [index, key] of [...PROGRAM[4]].entries()) {
      await page.keyboard.type(key);
      // VS Code asks for hints about a second after the last key: so there is a thought behind the equals sign.
      for (let look = 0; look < (index === 2 ? 30 : 2); look++) {
        await page.waitForTimeout(60);
        if ((await count()) === 0) gone++;
      }
    }
    assert.equal(gone, 0, `the hint of the next line was gone ${gone} times`);
    await driver.line(HINTS[1]);
    console.log(`ok hints of other lines stay while a line is typed (${Date.now() - start} ms)`);
    return true;
  } catch (error) {
    await page.screenshot({ path: join(extension, '.cache', 'failure.png') });
    console.log(`FAIL a new user: ${error.stack ?? error}`);
    return false;
  } finally {
    await close();
    await workbench.stop();
  }
}
