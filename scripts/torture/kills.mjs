// Kills commands with SIGKILL at random moments and types them again until they end: they must end with the bits of an
// untouched run.
import { cpSync, mkdtempSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { commands, differences, outcomeOf, prepare, type } from "./commands.mjs";
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
      const { words } = commands[name];
      const ready = join(root, `${name}-ready`);
      await prepare(name, ready);
      const folder = join(root, name);
      const fresh = () => {
        rmSync(folder, { recursive: true, force: true });
        cpSync(ready, folder, { recursive: true, preserveTimestamps: true });
      };
      fresh();
      const began = performance.now();
      const untouched = await type(words, { folder });
      if (untouched.code !== 0) throw new Error(`${name} failed untouched: ${untouched.said}`);
      const took = performance.now() - began;
      const expected = outcomeOf(folder);
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
      for (const one of [ready, folder]) rmSync(one, { recursive: true, force: true });
    }
    return { made, wrong };
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}
