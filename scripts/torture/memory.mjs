// Too little memory: under `ulimit -v` a command ends well, or in one line of dsbm, never with a trace or a signal.
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { program, untouchedRun } from "./commands.mjs";

const megabyte = 1024;

/** Runs node with arguments and at most so many MB of addresses. */
function runWithin(limit, args, cwd) {
  const shell = ["-c", 'ulimit -v "$0" && exec "$@"', `${limit * megabyte}`];
  const options = { cwd, encoding: "utf8", env: { ...process.env, DSBM_CORES: "1" } };
  return spawnSync("sh", [...shell, process.execPath, ...args], options);
}

/** What is wrong with an end; null: nothing. */
function problemOf({ status, signal, stderr }) {
  const lines = stderr.split("\n").filter((line) => line.startsWith("dsbm: "));
  if (status === 0) return null;
  if (signal !== null || status >= 128) return `ended by ${signal ?? `code ${status}`}`;
  if (/\n\s+at |this is a bug/.test(stderr)) return "a trace";
  return lines.length === 1 ? null : `${lines.length} lines of dsbm`;
}

/** The addresses in MB that node itself needs; below them no program of ours has begun. */
function leastOfNode(folder) {
  for (let limit = 500; limit < 8000; limit += 100)
    if (runWithin(limit, ["-e", "new Array(1e6).fill(0)"], folder).status === 0) return limit;
  throw new Error("node does not start under ulimit -v: this check is for Linux");
}

/**
 * Types commands with less and less memory, at `points` limits from what node needs up to 4 GB more. Returns how many were typed
 * and a line for each wrong end.
 */
export async function memory({ points, names, say = () => {} }) {
  const root = mkdtempSync(join(tmpdir(), "dsbm-memory-"));
  const wrong = [];
  let typed = 0;
  try {
    const least = leastOfNode(root);
    for (const name of names) {
      const run = await untouchedRun(name, root);
      for (let k = 0; k < points; k++) {
        const limit = Math.round(least + (4000 * (k + 1)) / points);
        run.fresh();
        const ended = runWithin(limit, [program, ...run.words], run.folder);
        typed += 1;
        const problem = problemOf(ended);
        if (problem === null) continue;
        wrong.push(`${name}, ${limit} MB: ${problem}: ${ended.stderr.trim().slice(-300)}`);
        say(wrong.at(-1));
      }
      run.remove();
    }
    return { typed, wrong };
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}
