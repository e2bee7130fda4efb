// sample.py of an exported folder: 20 lines at most, and, where there is a Python with onnxruntime and numpy (Debian's
// python3-onnxruntime), the samples of @dsbm/web from the same noise.
import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as T from "@dsbm/torch";
import { loadBridge } from "@dsbm/web";
import { expect, it } from "vitest";
import type { BridgeDescription } from "../../packages/app/export/src/bridge/description.js";
import { pythonExample } from "../../packages/app/export/src/bridge/python.js";
import { rowNoise } from "../../packages/pages/web/src/noise/row-noise.js";
import { normal } from "../support/numbers.js";
import { scratch } from "./cli.js";
import { commandHere, imageRun, tableRun, vectorRun } from "./sample.js";

const python = ["/usr/bin/python3", "python3"].find(
  (name) => spawnSync(name, ["-c", "import numpy, onnxruntime"]).status === 0,
);
if (!python) console.log("no Python with onnxruntime and numpy here: sample.py is not run");

const root = scratch();
const n = 9;
const column = { name: "site", classes: ["a", "b,c"], mean: 0, std: 1 };
const mlp = ["sigma=0.7", "num_steps=6"];
const table = {
  names: ["x", "y"],
  conditioning: column,
  from: "a.csv",
  transform: { log1p: true, standardise: "columns" as const, mean: [1, 2], std: [0.5, 0.2] },
};
const cases: [name: string, make: (folder: string) => string][] = [
  ["drift", (at) => vectorRun(at, mlp)],
  ["bridge variance", (at) => vectorRun(at, [...mlp, "step_variance=bridge"])],
  ["noise measured in training", (at) => vectorRun(at, [...mlp, "step_variance=analytic"])],
  ["no last noise", (at) => vectorRun(at, [...mlp, "last_noise=false"])],
  ["end", (at) => vectorRun(at, [...mlp, "mean_match=true", "last_noise=false"])],
  ["velocity", (at) => vectorRun(at, ["model_name=rectifiedflow"])],
  ["table", (at) => tableRun(at, table)],
  ["pictures with classes", (at) => imageRun(at, ["model.class_cond=true"], { classes: 3 })],
  ["means", (at) => imageRun(at, ["method=dsb"])],
];

/** Rows as the program reads them, and the conditions of @dsbm/web. */
function inputs(bridge: BridgeDescription, out: string) {
  const { columns, conditions, state } = bridge;
  const x = Float32Array.from(normal([n, ...state.shape], 3).toNumbers(), (v) =>
    columns ? Math.abs(v) : v,
  );
  const sites = Array.from({ length: n }, (_, i) => column.classes[i % 2] as string);
  const classes = Array.from({ length: n }, (_, i) => i % 3);
  const array = (name: string, data: Float32Array | BigInt64Array, shape: number[]) =>
    writeFileSync(join(out, name), T.io.npy.encode(T.io.fromTyped(data, shape)));
  if (columns) {
    const rows = sites.map((site, i) => `"${site}",${x[2 * i + 1]},${x[2 * i]}`);
    writeFileSync(join(out, "new.csv"), `\uFEFFsite,y,x\n${rows.join("\n")}\n`);
  } else array("new.npy", x, [n, ...state.shape]);
  if (conditions?.y) array("y.npy", BigInt64Array.from(classes, BigInt), [n]);
  return {
    x: { data: x, shape: [n, ...state.shape] },
    conditions: { ...(columns && { site: sites }), ...(conditions?.y && { y: classes }) },
  };
}

/** What a program wrote: the numbers of a table or of an array. */
function outputs(path: string, isTable: boolean): number[] {
  if (!isTable) return [...T.io.toFloat32(T.io.npy.decode(readFileSync(path), path))];
  const [, ...rows] = readFileSync(path, "utf8").trim().split(/\r?\n/);
  return rows.flatMap((row) => row.split(",").map(Number));
}

it.each(cases)("%s", async (name, make) => {
  T.setNumThreads(1);
  const out = join(root, `${name} out`);
  const { code, stderr } = await commandHere("export", make(join(root, name)), `${out}/`);
  expect(code, stderr).toBe(0);
  const bridge = JSON.parse(readFileSync(join(out, "bridge.json"), "utf8")) as BridgeDescription;
  const program = readFileSync(join(out, "sample.py"), "utf8");
  expect(program.trimEnd().split("\n").length).toBeLessThanOrEqual(20);
  if (!python) return;
  const { x, conditions } = inputs(bridge, out);
  const ending = bridge.columns ? "csv" : "npy";
  const loaded = await loadBridge(out);
  for (const direction of Object.keys(bridge.directions) as ("f" | "b")[]) {
    const size = x.data.length / n;
    const draw = rowNoise({ first: 0, n, size }, { seed: 5, purpose: direction });
    writeFileSync(
      join(out, "noise.f32"),
      Buffer.concat(bridge.schedule.steps.map(() => Buffer.from(draw().buffer))),
    );
    const given = program.replace("np.random.default_rng(1)", "Given()");
    expect(given).not.toBe(program);
    writeFileSync(join(out, "given.py"), givenNoise);
    writeFileSync(join(out, "same.py"), `from given import Given\n${given}`);
    const words = ["same.py", `new.${ending}`, `out.${ending}`, direction];
    const ran = spawnSync(python, words, { cwd: out, encoding: "utf8" });
    expect(ran.status, ran.stderr).toBe(0);
    const found = outputs(join(out, `out.${ending}`), ending === "csv");
    const { x: wanted } = await loaded.sample(x, { direction, seed: 5, conditions });
    expect(found).toHaveLength(wanted.data.length);
    for (const [i, value] of found.entries())
      expect(Math.abs(value - (wanted.data[i] as number))).toBeLessThan(
        1e-4 * (1 + Math.abs(value)),
      );
  }
  loaded.dispose();
  const model = join(out, Object.keys(bridge.files ?? {}).at(-1) as string);
  const bytes = readFileSync(model);
  bytes[bytes.length >> 1]! ^= 1;
  writeFileSync(model, bytes);
  const words = ["sample.py", `new.${ending}`, `out.${ending}`];
  expect(spawnSync(python, words, { cwd: out, encoding: "utf8" }).stderr).toContain("damaged: [");
});

/** In the place of numpy's generator: the numbers of a file. */
const givenNoise = `
import numpy as np
class Given:
    def __init__(self): self.left = np.fromfile("noise.f32", np.float32)
    def standard_normal(self, shape, dtype):
        z, self.left = np.split(self.left, [int(np.prod(shape))])
        return z.reshape(shape).astype(dtype)
`;

it("has no more lines with all that there is", () => {
  const bridge = JSON.parse(
    readFileSync(join(root, "table out/bridge.json"), "utf8"),
  ) as BridgeDescription;
  const { schedule, directions } = bridge;
  const program = pythonExample({
    ...bridge,
    end_output: "end",
    schedule: { ...schedule, last_noise: false },
    directions: {
      f: { ...(directions.f as NonNullable<typeof directions.f>), direction_input: 1 },
    },
  });
  expect(program).toContain("direction_input");
  expect(program.trimEnd().split("\n").length).toBeLessThanOrEqual(20);
});
