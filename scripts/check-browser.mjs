// `npm run check:browser`: reports, players and the studio in a real browser. Installs Debian's
// chromium if it is missing and may be installed (about 150 MB), runs the browser tests of `npm
// test`, with the rates of frames, and prints the costs of the studio's table.
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { repo } from "./setup/stamp.mjs";
import { installSystem } from "./setup/system.mjs";
import { reportFailure, setup } from "./setup.mjs";

try {
  await setup();
  if (!existsSync("/usr/bin/chromium")) await installSystem(["chromium"], console.log);
} catch (error) {
  reportFailure(error);
  process.exit(1);
}
const tests = ["report", "player", "webgpu", "studio"].map((name) => `test/check/${name}.test.ts`);
const words = [join(repo, "node_modules/vitest/vitest.mjs"), "run", ...tests];
const env = { ...process.env, CHECK_FRAMES: "1" };
process.exitCode =
  spawnSync(process.execPath, words, { cwd: repo, stdio: "inherit", env }).status ?? 1;
