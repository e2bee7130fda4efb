// The programs of examples/ run as a stranger would run them, with less data and less time, and stay short.
import { readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import ts from "typescript";
import { afterAll, beforeAll, expect, it } from "vitest";
import { root } from "../docs/blocks.js";
import { scratch } from "../e2e/cli.js";
import { programs as runner } from "../support/programs.mjs";

const folder = scratch();
const programs = readdirSync(join(root, "examples")).filter((name) => /\.(ts|mjs)$/.test(name));
const algorithm = "algorithm.ts";
const compiledName = (name: string) => name.replace(/\.ts$/, ".mjs");

/** For images: a smaller network and fewer steps. */
const ofPictures =
  "num_steps: 3, cache_npar: 16, batch_size: 8, metrics: { judge: false }, model: { num_channels: 16 }";

/** The program with other numbers. */
function smallProgram(text: string, own: string): string {
  const rules: [RegExp, string][] = [
    [/^const n = \d+;$/m, "const n = 160;"],
    [/^const minutes = \d+;$/m, "const minutes = 0.02;"],
    [
      /max_minutes: minutes,/,
      `max_minutes: minutes, n_ipf: 1, threads: 1, test_npar: 20, plot_level: 0, ${own},`,
    ],
    [/^const steps = \d+;$/m, "const steps = 20;"],
  ];
  const matching = rules.filter(([from]) => from.test(text));
  expect(matching.length, "a program has n, and minutes or steps").toBeGreaterThan(1);
  return matching.reduce((now, [from, to]) => now.replace(from, to), text);
}

const asJs = (text: string) =>
  ts.transpileModule(text, {
    compilerOptions: { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2022 },
  }).outputText;

const library = runner();
afterAll(() => void library.stop());
beforeAll(() => {
  symlinkSync(join(root, "node_modules"), join(folder, "node_modules"));
  for (const name of programs) {
    const text = readFileSync(join(root, "examples", name), "utf8");
    const program =
      name === algorithm
        ? text
            .replace("const iterations = 3;", "const iterations = 1;")
            .replace("const steps = 1000;", "const steps = 200;")
        : smallProgram(text, name === "pictures.mjs" ? ofPictures : "num_steps: 4");
    writeFileSync(join(folder, compiledName(name)), name.endsWith("ts") ? asJs(program) : program);
  }
});

it.each(programs)("%s", async (name) => {
  const lines = readFileSync(join(root, "examples", name), "utf8")
    .trimEnd()
    .split("\n");
  expect(lines.length).toBeLessThanOrEqual(name === algorithm ? 60 : 49);
  const text = await library.run(join(folder, compiledName(name)), folder);
  expect(text).not.toMatch(/NaN|undefined|Infinity/);
  // A report, or samples.
  if (name !== algorithm) return expect(text).toMatch(/^(report: |\[ )/m);
  // It reaches the target.
  const [before, after] = [...text.matchAll(/\d+\.\d+/g)].map(Number);
  expect(after).toBeLessThan(before / 4);
});
