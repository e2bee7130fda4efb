// Kills commands with SIGKILL at random moments and types them again until they end: they must end with the bits of an
// untouched run.
import { mkdtempSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { commands, differences, outcomeOf, type, untouched } from "./commands.mjs";
import { random } from "./random.mjs";

/** Makes `number` kills, the commands in turn. Returns how many of each were made, and a line for each difference. */
export async function killAll({ number, seed = 1, names = Object.keys(commands), say = () => {} }) {
  const root = realpathSync(mkdtempSync(join(tmpdir(), "dsbm-kills-")));
  const draw = random(seed);
  const made = Object.fromEntries(names.map((name) => [name, 0]));
  const wrong = [];
  try {
    for (const [i, name] of names.entries()) {
      const share = Math.floor(number / names.length) + (i < number % names.length ? 1 : 0);
      const { words, folder, fresh, expected, took, remove } = await untouched(name, root);
      while (made[name] < share) {
        fresh();
        for (;;) {
          const kill = made[name] < share ? took * (0.1 + 0.8 * draw()) : null;
          const ended = await type(words, { folder, kill });
          if (ended.signal === "SIGKILL") {
            made[name]++;
            continue;
          }
          if (ended.code !== 0) wrong.push(`${name}: ${ended.said.trim().slice(-300)}`);
          break;
        }
        const other = differences(expected, outcomeOf(folder));
        if (other.length > 0)
          wrong.push(`${name} ended with other bits: ${other.slice(0, 5).join(", ")}`);
        if (wrong.length > 0) break;
      }
      say(`${name}: ${made[name]} kills, ${wrong.length} wrong`);
      remove();
    }
    return { made, wrong };
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}
