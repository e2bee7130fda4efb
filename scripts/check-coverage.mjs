// `npm run check:coverage`: runs the tests and prints the share of lines, functions and branches of src that they ran, over
// all processes. Arguments are files of tests, as for `npm test`. It takes twice the time of `npm test`.
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { repo } from "./setup/stamp.mjs";

const folder = mkdtempSync(join(tmpdir(), "dsbm-coverage-"));

/** Runs a script of Node on the user's terminal. Returns its exit code. */
const run = (args, env = {}) =>
  spawnSync(process.execPath, args, {
    cwd: repo,
    env: { ...process.env, ...env },
    stdio: "inherit",
  }).status;

try {
  const tested = run([join(repo, "scripts/test.mjs"), ...process.argv.slice(2)], {
    NODE_V8_COVERAGE: folder,
  });
  const options = {
    "temp-directory": folder,
    "reports-dir": join(folder, "report"),
    reporter: "text",
    "exclude-after-remap": true,
    "merge-async": true,
    include: "packages/*/*/src/**",
  };
  const words = Object.entries(options).map(([name, value]) => `--${name}=${value}`);
  const reported = run([join(repo, "node_modules/c8/bin/c8.js"), "report", ...words]);
  process.exitCode = tested || reported;
} finally {
  rmSync(folder, { recursive: true, force: true });
}
