// Hostile calls end in a value or a JavaScript error, in processes and workers of their own; `npm run fuzz` is the long run.
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { fuzz } from "../../../../scripts/fuzz.mjs";
import { scratch } from "../../../../test/support/scratch.js";

const folder = scratch();
const engine = fileURLToPath(new URL("../dist/index.js", import.meta.url));

it("names no call of an earlier process if a process ends before its first call", async () => {
  const [once, mark] = [join(folder, "once.mjs"), JSON.stringify(join(folder, "mark"))];
  writeFileSync(
    once,
    `import { existsSync, writeFileSync } from "node:fs";
if (existsSync(${mark})) throw new Error("not again");
writeFileSync(${mark}, "");
export * from ${JSON.stringify(engine)};\n`,
  );
  const total = await fuzz({ calls: 2, size: 1, seed: 7, engine: once });
  expect(total.calls).toBe(1);
  expect(total.deaths.map(({ last }) => last)).toEqual([expect.stringMatching(/^\(no call yet/)]);
});

it("8,000 hostile calls end in values or errors", { timeout: 600_000 }, async () => {
  if (!existsSync(engine)) throw new Error(`${engine} is missing: run "npm run build" first`);
  const total = await fuzz({ calls: 8000, seed: 7, jobs: 2, size: 4000, engine });
  expect(total.deaths).toEqual([]);
  expect(total.strangers).toBe(0);
  expect(total.calls).toBe(8000);
  expect(total.values).toBeGreaterThan(800); // otherwise nothing gets past the door
  expect(total.errors).toBeGreaterThan(800);
  expect(total.grown).toBeLessThan(150e6);
});
