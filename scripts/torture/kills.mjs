// Kills commands with SIGKILL at random moments and types them again until they end: they must end with the bits of an
// untouched run.
import { mkdtempSync, readdirSync, realpathSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { commands, differences, outcomeOf, type, untouched } from "./commands.mjs";
import { random } from "./random.mjs";

/**
 * Makes `number` kills, the commands in turn. Returns how many of each were made, how many by the file that was written
 * last (`places`), and a line for each difference.
 */
export async function killAll({ number, seed = 1, names = Object.keys(commands), say = () => {} }) {
  const root = realpathSync(mkdtempSync(join(tmpdir(), "dsbm-kills-")));
  const draw = random(seed);
  const made = Object.fromEntries(names.map((name) => [name, 0]));
  const places = {};
  const wrong = [];
  try {
    for (const [i, name] of names.entries()) {
      const share = Math.floor(number / names.length) + (i < number % names.length ? 1 : 0);
      const { words, folder, fresh, expected, took, remove } = await untouched(name, root);
      const before = wrong.length;
      while (made[name] < share) {
        fresh();
        for (;;) {
          const kill = made[name] < share ? took * (0.1 + 0.8 * draw()) : null;
          const began = Date.now();
          const ended = await type(words, { folder, kill });
          if (ended.signal === "SIGKILL") {
            made[name]++;
            const place = `${name}: ${lastWritten(folder, began)}`;
            places[place] = (places[place] ?? 0) + 1;
            continue;
          }
          // Members of a killed sweep end by themselves, as the line says.
          if (ended.code !== 0 && /in use by process/.test(ended.said)) {
            await sleep(1000);
            continue;
          }
          if (ended.code !== 0) wrong.push(`${name}: ${ended.said.trim().slice(-300)}`);
          break;
        }
        const other = differences(expected, outcomeOf(folder));
        if (other.length > 0)
          wrong.push(`${name} ended with other bits: ${other.slice(0, 5).join(", ")}`);
        if (wrong.length > before) break;
      }
      say(`${name}: ${made[name]} kills, ${wrong.length - before} wrong`);
      remove();
    }
    return { made, places, wrong };
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}

/** The file below a folder that was written last since a moment, without numbers in its path: where a kill came. */
function lastWritten(folder, since) {
  let found = { at: since, path: "" };
  const look = (place) => {
    for (const entry of readdirSync(place, { withFileTypes: true })) {
      const path = join(place, entry.name);
      if (entry.isDirectory()) look(path);
      const { mtimeMs } = statSync(path, { throwIfNoEntry: false }) ?? { mtimeMs: 0 };
      if (entry.isFile() && mtimeMs >= found.at) found = { at: mtimeMs, path };
    }
  };
  look(folder);
  if (found.path === "") return "before the first file";
  const [run, ...rest] = relative(folder, found.path).split("/");
  const shown = rest.length > 3 ? rest.slice(-2) : [run, ...rest];
  return shown.join("/").replaceAll(/[0-9a-f]*\d[0-9a-f]*/g, "#");
}
