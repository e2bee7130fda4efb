// The n-th write, fsync, rename, open, mmap and allocation of a command fails, once and from then on: it must
// end with one line that names the file, if there is one, and an exit code other than 0, and the same command
// afterwards with the bits of an untouched run.
import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { chosen, memoryKinds, readCalls, spread } from "./calls.mjs";
import { commands, differences, endOf, outcomeOf, type, untouchedRun } from "./commands.mjs";

const kindsOfCalls = ["write", "fsync", "rename", "open", "mmap", "tensor", "block"];
/** Without any large block, V8 itself ends the process. */
const onlyOnce = ["block"];
const errors = [
  ["ENOSPC", 28],
  ["EIO", 5],
];
const noMemory = ["ENOMEM", 12];

/** Compiles the shim; null without a C compiler or LD_PRELOAD. */
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

/** Types a command under the shim in a fresh folder, with further variables of the shim. */
async function typeUnderShim({ words, folder, fresh, shim, log }, variables) {
  fresh();
  rmSync(log, { force: true });
  const env = { LD_PRELOAD: shim, FAULT_ROOT: folder, FAULT_LOG: log, ...variables };
  return await type(words, { folder, env });
}

/** The calls of these kinds of a command without faults. */
async function callsOf(command, kinds) {
  const memory = kinds.filter((kind) => memoryKinds.includes(kind));
  await typeUnderShim(command, memory.length > 0 ? { FAULT_NOTE: memory.join() } : {});
  return readCalls(command.log, command.folder);
}

/** Makes each of the calls fail, once and from then on: how many faults there were, and a line for each unexpected end. */
async function failCalls(command, kind, calls) {
  const { words, folder, expected, log } = command;
  const ends = { injected: 0, wrong: [] };
  const often = onlyOnce.includes(kind) ? [false] : [false, true];
  const cases = calls.flatMap((call, k) => often.map((always) => ({ call, k, always })));
  for (const { call, k, always } of cases) {
    const [errno, number] = memoryKinds.includes(kind)
      ? noMemory
      : errors[(k + (always ? 1 : 0)) % 2];
    const ended = await typeUnderShim(command, {
      FAULT_CALL: kind,
      FAULT_N: `${call.n}`,
      FAULT_ERRNO: `${number}`,
      FAULT_ALWAYS: always ? "1" : "0",
    });
    // Threads may have changed the order, so the n-th call is missing.
    if (!existsSync(log)) continue;
    ends.injected += 1;
    const problem =
      problemOf(ended, readCalls(log, folder), call.makes) ??
      (await problemAfter(words, { folder, expected, code: ended.code }));
    if (!problem) continue;
    const until = always ? " from then on" : "";
    ends.wrong.push(`${kind} ${call.n} (${call.what}), ${errno}${until}: ${problem}`);
  }
  return ends;
}

/**
 * Makes `points` calls of each kind fail in each of the commands, once and from then on: calls of
 * as many different files as possible, then the last ones of the same files. Returns the number of
 * injected faults, their kinds, and a line for each unexpected end.
 */
export async function faults({
  points,
  names = Object.keys(commands),
  kinds = kindsOfCalls,
  say = () => {},
}) {
  const root = realpathSync(mkdtempSync(join(tmpdir(), "dsbm-faults-")));
  const wrong = [];
  const injected = {};
  try {
    const shim = compileShim(root);
    if (shim === null) return { injected, wrong: ["there is no C compiler (cc) for the shim"] };
    const log = join(root, "calls");
    for (const name of names) {
      const command = await untouchedRun(name, root);
      const faulted = { ...command, shim, log };
      const calls = await callsOf(faulted, kinds);
      for (const kind of kinds) {
        const own = calls.filter((call) => call.kind === kind);
        const picked = memoryKinds.includes(kind) ? spread(own, points) : chosen(own, points);
        const ends = await failCalls(faulted, kind, picked);
        injected[kind] = (injected[kind] ?? 0) + ends.injected;
        for (const problem of ends.wrong) {
          wrong.push(`${name}: ${problem}`);
          say(wrong.at(-1));
        }
        const files = new Set(own.map(({ what }) => what)).size;
        const count = `${2 * picked.length} faults in ${picked.length} of ${own.length} calls, of ${files} files`;
        say(`${name}: ${kind}, ${count}, ${ends.wrong.length} wrong`);
      }
      command.remove();
    }
    return { injected, wrong };
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}

/**
 * The problem of a command's end after the calls of `hit` failed, or null. A call that may fail
 * without harm leaves code 0. `makes`: the created paths in the folder of the first call.
 */
function problemOf({ code, signal, said }, hit, makes) {
  const lines = said.split("\n").filter((line) => line.startsWith("dsbm: "));
  const last = said.trim().split("\n").at(-1)?.slice(0, 300);
  if (signal !== null) return `ended by ${signal}`;
  if (/\n\s+at |this is a bug/.test(said)) return `a stack trace: ${last}`;
  if (code === 0) return null;
  if (lines.length === 0) return `no line of dsbm: ${last}`;
  if (hit.every(({ kind }) => memoryKinds.includes(kind))) return null;
  const places = hit.flatMap(({ path, final }) => [path, final]).flatMap(namesOf);
  const below = makes.map((path) => path.replace(/^\.\//, ""));
  const isNamed = [...places, ...below].some((place) => lines.some((line) => line.includes(place)));
  return isNamed ? null : `the file is not named: ${last}`;
}

/** How a file may be named: a temporary one by its folder. */
function namesOf(path) {
  const name = basename(path);
  return name.startsWith(".tmp-") ? [`${basename(dirname(path))}`] : [name];
}

async function problemAfter(words, { folder, expected, code }) {
  if (code === 0) {
    const other = differences(expected, outcomeOf(folder));
    return other.length === 0 ? null : `code 0 with other bits: ${other.slice(0, 5).join(", ")}`;
  }
  const again = await type(words, { folder });
  if (again.code !== 0) return `the same command fails afterwards: ${endOf(again)}`;
  const other = differences(expected, outcomeOf(folder));
  return other.length === 0
    ? null
    : `ends with other bits afterwards: ${other.slice(0, 5).join(", ")}`;
}
