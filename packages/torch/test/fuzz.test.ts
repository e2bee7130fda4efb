// Hostile calls end in a value or a JavaScript error: 100,000 of them, in processes and workers of their own.
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { fuzz } from "../../../scripts/fuzz.mjs";

const engine = fileURLToPath(new URL("../dist/index.js", import.meta.url));

it("survives 100,000 hostile calls", { timeout: 600_000 }, async () => {
  if (!existsSync(engine)) throw new Error(`${engine} is missing: run "npm run build" first`);
  const total = await fuzz({ calls: 100_000, seed: 7, jobs: 2, size: 10_000, engine });
  expect(total.deaths).toEqual([]);
  expect(total.strangers).toBe(0);
  expect(total.calls).toBe(100_000);
  expect(total.values).toBeGreaterThan(10_000); // otherwise nothing gets past the door
  expect(total.errors).toBeGreaterThan(10_000);
  expect(total.grown).toBeLessThan(150e6);
});
