// sample.py of an exported folder, if a Python with onnxruntime and numpy exists (Debian's
// python3-onnxruntime): the samples of @dsbm/web of the same seed, from the shell and from a
// program.
import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as T from "@dsbm/torch";
import { loadBridge, type SampleOptions } from "@dsbm/web";
import { expect, it } from "vitest";
import type { BridgeDescription } from "../../packages/app/export/src/bridge/description.js";
import { normal } from "../support/numbers.js";
import { scratch } from "./cli.js";
import { commandHere, course, imageRun, tableRun, vectorRun } from "./sample.js";

const python = ["/usr/bin/python3", "python3"].find(
  (name) => spawnSync(name, ["-c", "import numpy, onnxruntime"]).status === 0,
);
if (!python) console.log("no Python with onnxruntime and numpy here: sample.py is not run");

const root = scratch();
const n = 9;
const column = { name: "site", classes: ["a", "b,c"], mean: 0, std: 1 };
const mlp = ["sigma=0.7", "num_steps=6"];
const transform = {
  log1p: true,
  standardise: "columns" as const,
  mean: [1, 2],
  std: [0.5, 0.2],
};
const names = ["x", "y"];
const table = { names, conditioning: column, from: "a.csv", transform };
const ofCourse = (at: string, method: string) =>
  tableRun(at, { names, from: "a.csv", transform }, { more: course(method) });
const part = { from: "2.5", to: 7, steps: 3 };
const cases: [name: string, make: (folder: string) => string, options?: SampleOptions][] = [
  ["drift", (at) => vectorRun(at, mlp)],
  ["bridge variance", (at) => vectorRun(at, [...mlp, "step_variance=bridge"])],
  ["noise measured in training", (at) => vectorRun(at, [...mlp, "step_variance=analytic"])],
  ["no last noise", (at) => vectorRun(at, [...mlp, "last_noise=false"]), { steps: 4 }],
  ["end", (at) => vectorRun(at, [...mlp, "mean_match=true", "last_noise=false"])],
  ["velocity", (at) => vectorRun(at, ["model_name=rectifiedflow"])],
  ["table", (at) => tableRun(at, table)],
  ["pictures with classes", (at) => imageRun(at, ["model.class_cond=true"], { classes: 3 })],
  ["means", (at) => imageRun(at, ["method=dsb"])],
  ["three days", (at) => ofCourse(at, "dsbm"), part],
  ["growth", (at) => ofCourse(at, "wfr_bridge"), part],
];

/** Rows as the program reads them, and the conditions of @dsbm/web. */
function inputs(bridge: BridgeDescription, out: string) {
  const { columns, conditions, state } = bridge;
  const shape = columns ? [columns.length] : state.shape;
  const x = Float32Array.from(normal([n, ...shape], 3).toNumbers(), (v) =>
    columns ? Math.abs(v) : v,
  );
  const sites = Array.from({ length: n }, (_, i) => column.classes[i % 2] as string);
  const classes = Array.from({ length: n }, (_, i) => i % 3);
  const array = (name: string, data: Float32Array | BigInt64Array, own: number[]) =>
    writeFileSync(join(out, name), T.io.npy.encode(T.io.fromTyped(data, own)));
  if (columns) {
    const rows = sites.map((site, i) => `"${site}",${x[2 * i + 1]},${x[2 * i]}`);
    writeFileSync(join(out, "new.csv"), `\uFEFFsite,y,x\n${rows.join("\n")}\n`);
  }
  array("new.npy", x, [n, ...shape]);
  if (conditions?.y) array("y.npy", BigInt64Array.from(classes, BigInt), [n]);
  return {
    x: { data: x, shape: [n, ...shape] },
    conditions: { ...(conditions?.cond && { site: sites }), ...(conditions?.y && { y: classes }) },
  };
}

/** What a program wrote: the numbers of a table, whose head it gives, or of an array. */
function outputs(path: string): { head: string; numbers: number[] } {
  if (path.endsWith("npy"))
    return { head: "", numbers: [...T.io.toFloat32(T.io.npy.decode(readFileSync(path), path))] };
  const [head = "", ...rows] = readFileSync(path, "utf8").trim().split(/\r?\n/);
  return { head, numbers: rows.flatMap((row) => row.split(",").map(Number)) };
}

it.each(cases)("%s", async (name, make, options = {}) => {
  T.setNumThreads(1);
  const out = join(root, `${name} out`);
  const { code, stderr } = await commandHere("export", make(join(root, name)), `${out}/`);
  expect(code, stderr).toBe(0);
  const bridge = JSON.parse(readFileSync(join(out, "bridge.json"), "utf8")) as BridgeDescription;
  if (!python) return;
  const elsewhere = join(root, `${name} elsewhere`);
  mkdirSync(elsewhere);
  const { x, conditions } = inputs(bridge, elsewhere);
  const program = (...words: string[]) =>
    spawnSync(python, [join(out, "sample.py"), ...words], { cwd: elsewhere, encoding: "utf8" });
  const loaded = await loadBridge(out);
  for (const direction of Object.keys(bridge.directions) as ("f" | "b")[]) {
    const { from, to } = direction === "f" ? options : { from: options.to, to: options.from };
    const how = {
      ...options,
      ...(from !== undefined && { from }),
      ...(to !== undefined && { to }),
      direction,
      seed: 5,
    };
    const wanted = await loaded.sample(x, { ...how, conditions });
    const words = [
      direction,
      ...(from === undefined ? [] : [`--from=${from}`, `--to=${to}`]),
      ...(options.steps === undefined ? [] : [`--steps=${options.steps}`]),
      "--seed=5",
      ...(bridge.conditions?.y ? ["--classes=y.npy"] : []),
    ];
    const width = wanted.x.data.length / n;
    const numbers = Array.from({ length: n }, (_, i) => [
      ...wanted.x.data.subarray(i * width, (i + 1) * width),
      ...(wanted.weights ? [wanted.weights[i] as number] : []),
    ]).flat();
    const ending = bridge.columns ? "csv" : "npy";
    const ran = program(`new.${ending}`, `out.${ending}`, ...words);
    expect(ran.status, ran.stderr).toBe(0);
    const found = outputs(join(elsewhere, `out.${ending}`));
    if (bridge.columns) expect(found.head).toBe(bridge.mass ? "x,y,weight" : "x,y");
    expect(found.numbers).toHaveLength(numbers.length);
    for (const [i, value] of found.numbers.entries())
      expect(Math.abs(value - (numbers[i] as number))).toBeLessThan(1e-4 * (1 + Math.abs(value)));
  }
  loaded.dispose();
  const model = join(out, Object.keys(bridge.files ?? {}).at(-1) as string);
  const bytes = readFileSync(model);
  bytes[bytes.length >> 1]! ^= 1;
  writeFileSync(model, bytes);
  expect(program("new.npy", "out.npy").stderr).toMatch(/^sample\.py: .* is damaged/);
});

it.runIf(python)(
  "is a function of numpy arrays, says how it is used, and what is wrong",
  async () => {
    const out = join(root, "function out");
    const { code, stderr } = await commandHere(
      "export",
      ofCourse(join(root, "function"), "wfr"),
      out,
    );
    expect(code, stderr).toBe(0);
    const run = (...words: string[]) =>
      spawnSync(python as string, words, { cwd: root, encoding: "utf8" });
    const help = run(join(out, "sample.py"), "--help");
    expect(help.stdout).toMatch(/usage: sample\.py .*NEW OUT/s);
    expect(help.stdout).toContain("bridge.sample(rows)");
    writeFileSync(
      join(root, "program.py"),
      `
import sys; sys.path.insert(0, ${JSON.stringify(out)})
import numpy as np
from sample import load
bridge = load()
rows = np.abs(np.random.default_rng(1).normal(size=(4, 2)))
x, weight = bridge.sample(rows)
states, weights, times = bridge.sample(rows, start=2, end=3, path=True)
print(x.shape, weight.shape, states.shape, weights.shape, *times[[0, -1]])
for wrong in [dict(x=rows[:, :1]), dict(x=rows, start=9), dict(x=rows, start=7, direction="f"), dict(x=rows, y=[1])]:
    try: bridge.sample(**wrong)
    except ValueError as error: print(error)
`,
    );
    const { stdout, status, stderr: said } = run("program.py");
    expect(status, said).toBe(0);
    expect(stdout.trim().split("\n")).toEqual([
      "(4, 2) (4,) (6, 4, 2) (6, 4) 2.0 3.0",
      "x is [4, 1]: expected finite numbers [n, 2]",
      "time 9: expected one of 2, 3, 7, or a time between them",
      "from 7 to None is no way of direction f",
      "y is given: see conditions in bridge.json",
    ]);
  },
);
