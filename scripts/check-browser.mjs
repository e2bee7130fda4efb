// `npm run check:browser`: reports and players in a real browser. Installs Debian's chromium where it is missing and may be installed
// (about 150 MB), and runs the test that `npm test` runs where chromium is there.
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
const tests = ["test/check/report.test.ts", "test/check/player.test.ts"];
const words = [join(repo, "node_modules/vitest/vitest.mjs"), "run", ...tests];
process.env.CHECK_FRAMES = "1";
process.exitCode = spawnSync(process.execPath, words, { cwd: repo, stdio: "inherit" }).status ?? 1;
