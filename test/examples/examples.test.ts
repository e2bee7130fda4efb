// The programs of examples/ run as a stranger would run them, with less data and less time, and stay short.
import { execFile } from "node:child_process";
import { readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import ts from "typescript";
import { beforeAll, expect, it } from "vitest";
import { root } from "../docs/blocks.js";
import { scratch } from "../e2e/cli.js";

const folder = scratch();
const programs = readdirSync(join(root, "examples")).filter((name) =>
  /^own-.*\.ts$|\.mjs$/.test(name),
);

beforeAll(() => symlinkSync(join(root, "node_modules"), join(folder, "node_modules")));

/** For images: a smaller network and fewer steps. */
const ofPictures =
  "num_steps: 3, cache_npar: 16, batch_size: 8, metrics: { judge: false }, model: { num_channels: 16 }";

/** The program with other numbers. */
function small(text: string, own: string): string {
  const rules: [RegExp, string][] = [
    [/^const n = \d+;$/m, "const n = 160;"],
    [/^const minutes = \d+;$/m, "const minutes = 0.02;"],
    [
      /max_minutes: minutes,/,
      `max_minutes: minutes, n_ipf: 1, threads: 1, test_npar: 20, plot_npar: 4, ${own},`,
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

async function output(name: string): Promise<string> {
  const env = { ...process.env, OMP_NUM_THREADS: "1", DSBM_CORES: "2" };
  const options = { cwd: folder, env, timeout: 110_000 };
  return (await promisify(execFile)(process.execPath, [name], options)).stdout;
}

it.each(programs)("%s", async (name) => {
  const text = readFileSync(join(root, "examples", name), "utf8");
  expect(text.split("\n").length).toBeLessThan(50);
  const program = small(text, name === "pictures.mjs" ? ofPictures : "num_steps: 4");
  const compiled = name.replace(".ts", ".mjs");
  writeFileSync(join(folder, compiled), name === compiled ? program : asJs(program));
  const stdout = await output(compiled);
  expect(stdout).not.toMatch(/NaN|undefined|Infinity/);
  expect(stdout).toMatch(/^(report|run): /m);
});

it("algorithm.ts trains in at most 60 lines, and reaches the target", async () => {
  const text = readFileSync(join(root, "examples/algorithm.ts"), "utf8");
  expect(text.trimEnd().split("\n").length).toBeLessThanOrEqual(60);
  const fewer = text
    .replace("const iterations = 3;", "const iterations = 1;")
    .replace("const steps = 1000;", "const steps = 200;");
  writeFileSync(join(folder, "algorithm.mjs"), asJs(fewer));
  const distances = [...(await output("algorithm.mjs")).matchAll(/\d+\.\d+/g)].map(Number);
  const [before, after] = distances as [number, number];
  expect(after).toBeLessThan(before / 5);
});
