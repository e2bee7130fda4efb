// `npm test`: set up, run vitest, and end on the line `N passed, N failed` whatever happens.
// `npm test parity` (or test:parity) runs the golden tensors alone; other arguments are vitest's.
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, statfsSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import process from "node:process";
import { COUNTS, closingLine, timeLines } from "./closing-line.mjs";
import { repo } from "./setup/stamp.mjs";
import { reportFailure, setup } from "./setup.mjs";
import { pathsWithoutTests } from "./test-files.mjs";

/** Linux's folder in memory, if it has room for the files of all tests: they wait for a disk as long as they compute. */
function temporaryFolder() {
  const inMemory = "/dev/shm";
  if (process.env.TMPDIR || !existsSync(inMemory)) return tmpdir();
  const { bavail, bsize } = statfsSync(inMemory);
  return bavail * bsize > 4 * 2 ** 30 ? inMemory : tmpdir();
}

/** Runs vitest on the user's terminal, with temporary files in `folder`; resolves to its exit code, null if a signal ended it. */
function vitest(args, { counts, folder }) {
  const command = [
    join(repo, "node_modules/vitest/vitest.mjs"),
    "run",
    "--reporter=default",
    `--reporter=${join(repo, "scripts/closing-line.mjs")}`,
    ...args,
  ];
  const env = { ...process.env, [COUNTS]: counts, TMPDIR: folder };
  // npm changes the folder before it calls us: a relative GOLDEN_DIR is meant from where the user is.
  if (env.GOLDEN_DIR) env.GOLDEN_DIR = resolve(env.INIT_CWD ?? process.cwd(), env.GOLDEN_DIR);
  return new Promise((settle, reject) => {
    const child = spawn(process.execPath, command, { cwd: repo, env, stdio: "inherit" });
    for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => child.kill(signal));
    child.on("error", reject);
    child.on("close", settle);
  });
}

const [firstArgument, ...otherArguments] = process.argv.slice(2);
const args =
  firstArgument === "parity" ? ["test/parity", ...otherArguments] : process.argv.slice(2);
const folder = mkdtempSync(join(temporaryFolder(), "dsbm-test-"));
const counts = join(folder, "counts.json");
let code = 1;
let start = performance.now();
try {
  const missing = pathsWithoutTests(args, repo);
  if (missing.length > 0)
    console.error(`npm test: no test file has ${missing.join(" or ")} in its path`);
  else {
    await setup();
    start = performance.now();
    code = await vitest(args, { counts, folder });
  }
} catch (error) {
  if (error.name === "SetupError") reportFailure(error);
  else console.error(error);
}
const end = closingLine(counts, code);
for (const line of timeLines(counts, performance.now() - start)) console.log(line);
rmSync(folder, { recursive: true, force: true });
if (end.skipped > 0) console.log(`${end.skipped} skipped`);
process.exitCode = end.code;
console.log(end.line);
