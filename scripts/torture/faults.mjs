// The n-th write, fsync, rename, open and mmap of a command fails, once and from then on: it must end with one line that
// names a file and a code that is not 0, and the same command afterwards with the bits of an untouched run.
import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, realpathSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { commands, differences, outcomeOf, type, untouched } from "./commands.mjs";

const calls = ["write", "fsync", "rename", "open", "mmap"];
const errors = { ENOSPC: 28, EIO: 5 };

/** Compiles the shim; null where there is no C compiler, or no LD_PRELOAD. */
function compileShim(folder) {
  if (process.platform !== "linux") return null;
  const source = fileURLToPath(new URL("fault.c", import.meta.url));
  const shim = join(folder, "fault.so");
  try {
    execFileSync("cc", ["-O1", "-shared", "-fPIC", "-o", shim, source, "-ldl"], { stdio: "pipe" });
    return shim;
  } catch (error) {
    if (error.code === "ENOENT") return null;
    throw error;
  }
}

/**
 * Makes `points` calls of each kind fail in each of the commands, spread over all that an untouched run makes. Returns how
 * many faults were injected, and a line for each that ended otherwise than it should.
 */
export async function faults({
  points,
  names = Object.keys(commands),
  kinds = calls,
  say = () => {},
}) {
  const root = realpathSync(mkdtempSync(join(tmpdir(), "dsbm-faults-")));
  const wrong = [];
  let injected = 0;
  try {
    const shim = compileShim(root);
    if (shim === null) return { injected: 0, wrong: ["there is no C compiler (cc) for the shim"] };
    for (const name of names) {
      const { words, folder, fresh, expected, remove } = await untouched(name, root);
      const before = wrong.length;
      for (const kind of kinds) {
        const log = join(root, "calls");
        const env = { LD_PRELOAD: shim, FAULT_ROOT: folder, FAULT_CALL: kind, FAULT_N: "0" };
        fresh();
        await type(words, { folder, env: { ...env, FAULT_LOG: log } });
        const total = existsSync(log) ? statSync(log).size : 0;
        rmSync(log, { force: true });
        for (const [k, n] of spread(points, total).entries())
          for (const always of ["0", "1"]) {
            const [errno, number] = Object.entries(errors)[(k + Number(always)) % 2];
            const fault = `${name}: ${kind} ${n} of ${total}, ${errno}${always === "1" ? " from then on" : ""}`;
            fresh();
            injected++;
            const more = { FAULT_N: String(n), FAULT_ERRNO: String(number), FAULT_ALWAYS: always };
            const ended = await type(words, { folder, env: { ...env, ...more } });
            const faulty =
              problemOf(ended, folder) ?? (await problemAfter(words, { folder, expected }));
            if (faulty) wrong.push(`${fault}: ${faulty}`);
            if (faulty) say(wrong.at(-1));
          }
        say(`${name}: ${kind}, ${total} calls`);
      }
      say(`${name}: ${wrong.length - before} wrong`);
      remove();
    }
    return { injected, wrong };
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}

/** `points` numbers from 1 to `total`, evenly spread, each once. */
function spread(points, total) {
  const at = (i) => Math.round(1 + (i * (total - 1)) / Math.max(1, points - 1));
  const all = Array.from({ length: points }, (_, i) => at(i));
  return [...new Set(all)].filter((n) => n >= 1 && n <= total);
}

/** What is wrong with how a command ended; null for nothing. A call that may fail without harm leaves code 0. */
function problemOf({ code, signal, said }, folder) {
  const lines = said.split("\n").filter((line) => line.startsWith("dsbm: "));
  const last = said.trim().split("\n").at(-1)?.slice(0, 200);
  if (signal !== null) return `ended by ${signal}`;
  if (/\n\s+at |this is a bug/.test(said)) return `a stack trace: ${last}`;
  if (code === 0) return null;
  if (lines.length === 0) return `no line of dsbm: ${last}`;
  if (!lines.some((line) => /[\w.-]+\/[\w.-]+|\.\w+/.test(line)) && !said.includes(folder))
    return `no file is named: ${last}`;
  return null;
}

async function problemAfter(words, { folder, expected }) {
  const again = await type(words, { folder });
  if (again.code !== 0)
    return `the same command fails afterwards: ${again.said.trim().slice(-300)}`;
  const other = differences(expected, outcomeOf(folder));
  return other.length === 0
    ? null
    : `ends with other bits afterwards: ${other.slice(0, 5).join(", ")}`;
}
