// Kills commands with SIGKILL at random moments and types them again until they end: they must end with the bits of an
// untouched run.
import { mkdtempSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import {
  commands,
  differences,
  endOf,
  lastWritten,
  outcomeOf,
  type,
  untouchedRun,
} from "./commands.mjs";
import { random } from "./random.mjs";

/** The share of kills whose moment is drawn before the first file of an untouched run; the others come after it. */
const shareOfEarlyKills = 1 / 8;

/** Types a command until it ends by itself, with up to `number` kills; returns its last end. Adds to `lastFiles`. */
async function typeUntilEnd({ words, folder, took, first }, number, draw, lastFiles) {
  for (;;) {
    const watch = draw() >= shareOfEarlyKills;
    const kill = draw() * (watch ? took - first : first);
    const start = Date.now();
    const ended = await type(words, {
      folder,
      watch,
      kill: lastFiles.length < number ? kill : null,
    });
    // Members of a killed sweep end by themselves, as the line says.
    const isInUse = ended.code !== 0 && /in use by process/.test(ended.said);
    if (ended.signal === "SIGKILL") lastFiles.push(lastWritten(folder, start));
    else if (isInUse) await sleep(1000);
    else return ended;
  }
}

/** Kills a command `number` times: the file that was written last before each kill, and a line for each difference. */
async function killCommand(command, number, draw) {
  const { name, folder, fresh, expected } = command;
  const lastFiles = [];
  const wrong = [];
  while (lastFiles.length < number && wrong.length === 0) {
    fresh();
    const ended = await typeUntilEnd(command, number, draw, lastFiles);
    if (ended.code !== 0)
      wrong.push(`${name} ended with ${ended.signal ?? ended.code}: ${endOf(ended)}`);
    const other = differences(expected, outcomeOf(folder));
    if (other.length > 0)
      wrong.push(`${name} ended with other bits: ${other.slice(0, 5).join(", ")}`);
  }
  return { lastFiles, wrong };
}

/**
 * Makes `number` kills, the commands in turn. Returns how many of each were made, how many of all came before the first file
 * (`before`), how many by the file that was written last (`places`), and a line for each difference.
 */
export async function killAll({ number, seed = 1, names = Object.keys(commands), say = () => {} }) {
  const root = realpathSync(mkdtempSync(join(tmpdir(), "dsbm-kills-")));
  const draw = random(seed);
  const made = Object.fromEntries(names.map((name) => [name, 0]));
  const places = {};
  const wrong = [];
  let before = 0;
  try {
    for (const [i, name] of names.entries()) {
      const share = Math.floor(number / names.length) + (i < number % names.length ? 1 : 0);
      const command = { name, ...(await untouchedRun(name, root)) };
      const ends = await killCommand(command, share, draw);
      made[name] = ends.lastFiles.length;
      before += ends.lastFiles.filter((path) => path === null).length;
      for (const path of ends.lastFiles) {
        const place = `${name}: ${path === null ? "nothing" : withoutNumbers(path)}`;
        places[place] = (places[place] ?? 0) + 1;
      }
      wrong.push(...ends.wrong);
      say(`${name}: ${made[name]} kills, ${ends.wrong.length} wrong`);
      command.remove();
    }
    return { made, before, places, wrong };
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}

/** The result of `killAll` in a line: fewer kills if a command ended unexpectedly. */
export function killsLine({ made, before, wrong }, number) {
  const each = Object.entries(made).map(([name, n]) => `${n} ${name}`);
  const total = Object.values(made).reduce((sum, n) => sum + n, 0);
  const asked = total === number ? "" : ` of ${number}`;
  return `${total}${asked} kills (${each.join(", ")}), ${before} before the first file; ${wrong.length} ended otherwise than they should`;
}

/** A path with its last parts, without numbers. */
function withoutNumbers(path) {
  const [run, ...rest] = path.split("/");
  const shown = rest.length > 3 ? rest.slice(-2) : [run, ...rest];
  return shown.join("/").replaceAll(/[0-9a-f]*\d[0-9a-f]*/g, "#");
}
