// Exported runs sample as dsbm does with the same seed: @dsbm/web with ONNX Runtime and without, from a folder and over http,
// and sample.py, if a Python with onnxruntime and numpy exists (Debian's python3-onnxruntime).
import { spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { basename, join } from "node:path";
import { setNumThreads, tensor } from "@dsbm/torch";
import { type BridgeDescription, loadBridge, type SampleOptions } from "@dsbm/web";
import { plainRuntime } from "@dsbm/web/plain";
import * as ort from "onnxruntime-web";
import { beforeAll, expect, it } from "vitest";
import { openBridge } from "../../packages/command/cli/src/index.js";
import { scratch } from "./cli.js";
import {
  expectNear,
  type GivenRows,
  numbersIn,
  rowsFor,
  siteNames,
  withWeights,
  writeInputs,
} from "./export-rows.js";
import { course, imageRun, runWell, tableRun, vectorRun } from "./sample.js";

const python = ["/usr/bin/python3", "python3"].find(
  (name) => spawnSync(name, ["-c", "import numpy, onnxruntime"]).status === 0,
);
if (!python) console.log("no Python with onnxruntime and numpy here: sample.py is not run");

const root = scratch();
beforeAll(() => {
  setNumThreads(1);
  ort.env.wasm.numThreads = 1;
});

const names = ["x", "y"];
const transform = {
  log1p: true,
  standardise: "columns" as const,
  mean: [1, 2],
  std: [0.5, 0.2],
};
const facts = { names, from: "a.csv", transform };
const conditioning = { name: "site", classes: siteNames, mean: 0, std: 1 };
const mlp = ["sigma=0.7", "num_steps=6"];
const ofCourse =
  (method: string, more = {}) =>
  (folder: string) =>
    tableRun(folder, facts, { more: { ...course(method), ...more } });
const steps = ["shortcut=true"];
const ofTeacher = ["method=few_steps", "teacher=run", "test_num_steps=null"];
const partOfTime = { from: "2.5", to: "7", steps: 3 };
const flow = { solver: "heun", steps: 4 } as const;

type Options = SampleOptions & { from?: string; to?: string };

const cases: [name: string, make: (folder: string) => string, options?: Options][] = [
  ["bridge variance", (at) => vectorRun(at, [...mlp, "step_variance=bridge"])],
  ["noise measured in training", (at) => vectorRun(at, [...mlp, "step_variance=analytic"])],
  ["end", (at) => vectorRun(at, [...mlp, "mean_match=true", "last_noise=false"]), { steps: 4 }],
  ["velocity", (at) => vectorRun(at, ["model_name=rectifiedflow"])],
  ["table", (at) => tableRun(at, { ...facts, conditioning })],
  [
    "a robust scale",
    (at) => {
      const robust = { ...transform, log1p: false, standardise: "robust" as const };
      return tableRun(at, { ...facts, transform: robust });
    },
  ],
  [
    "limits of values",
    (at) => tableRun(at, facts, { data: { integer: ["x"], range: ["y:1..2.1"] } }),
  ],
  ["pictures with classes", (at) => imageRun(at, ["model.class_cond=true"], { classes: 3 })],
  ["means", (at) => imageRun(at, ["method=dsb"])],
  ["three days between datasets", ofCourse("dsbm"), flow],
  ["both directions in one network", ofCourse("alpha_dsbm"), { steps: 3 }],
  ["a part of the time", ofCourse("alpha_dsbm"), partOfTime],
  ["steps of a flow", (at) => vectorRun(at, [...steps, "model_name=rectifiedflow"]), { steps: 2 }],
  [
    "steps of images",
    (at) => imageRun(at, [...steps, "method=otcfm", "model.class_cond=true"], { classes: 3 }),
    { steps: 1 },
  ],
  ["steps of a course", ofCourse("rectifiedflow", { shortcut: true }), { steps: 2 }],
  [
    "instants of a course of steps",
    ofCourse("rectifiedflow", { shortcut: true }),
    { ...flow, solver: "euler" },
  ],
  ["draws of the endpoint", (at) => vectorRun(at, [...mlp, ...ofTeacher])],
  ["two of six draws", (at) => vectorRun(at, [...mlp, ...ofTeacher]), { steps: 2 }],
  [
    "draws of images",
    (at) => imageRun(at, ["num_steps=2", ...ofTeacher, "model.class_cond=true"], { classes: 3 }),
  ],
  ["draws of a course", ofCourse("few_steps")],
  ["growth along a flow", ofCourse("wfr"), { ...flow, solver: "euler" }],
  ["growth", ofCourse("wfr_bridge"), { steps: 3 }],
];

it.each(cases)("%s", async (name, make, options = {}) => {
  const run = make(join(root, name));
  const out = join(root, `${name} out`);
  await runWell("export", run, `${out}/`);
  const bridge: BridgeDescription = JSON.parse(readFileSync(join(out, "bridge.json"), "utf8"));
  const given = rowsFor(bridge);
  using native = openBridge(run, { threads: 1 });
  const elsewhere = join(root, `${name} elsewhere`);
  mkdirSync(elsewhere);
  writeInputs(elsewhere, given);
  for (const direction of Object.keys(bridge.directions) as ("f" | "b")[]) {
    const { solver } = options;
    const expected = await nativeSamples(native, given, direction, options);
    if (bridge.mass) expectDifferentWeights(expected.weights);
    const numbers = withWeights(expected.x.data, expected.weights);
    // Only sample.py takes a part of the time.
    if (!("from" in options)) await expectRuntimesAgree(out, given, direction, options, numbers);
    // One direction, since a Python takes a second to start.
    if (!python || solver || direction !== bridge.default_direction) continue;
    expectPythonAgrees({ out, elsewhere, bridge }, direction, options, numbers);
  }
});

const timesOf = ({ from, to }: Options, direction: "f" | "b") =>
  direction === "f" ? [from, to] : [to, from];

/** Samples of the run itself. */
function nativeSamples(
  native: ReturnType<typeof openBridge>,
  { x, sites, y }: GivenRows,
  direction: "f" | "b",
  options: Options,
) {
  const { solver, steps } = options;
  const [from, to] = timesOf(options, direction);
  return native.sample(x, {
    direction,
    seed: 5,
    from: from ?? null,
    to: to ?? null,
    ...(solver ? { solver, ode_step_size: 1 / (steps as number) } : { steps: steps ?? null }),
    ...(sites && { condition: sites }),
    ...(y && { conditions: { y: tensor(BigInt64Array.from(y, BigInt)) } }),
  });
}

function expectDifferentWeights(weights: ArrayLike<number> | null) {
  const list = Array.from(weights ?? []);
  expect(Math.max(...list) / Math.min(...list)).toBeGreaterThan(1.1);
}

/** ONNX Runtime, and for vectors the plain runtime, give the samples of the run. */
async function expectRuntimesAgree(
  out: string,
  { x, sites, y }: GivenRows,
  direction: "f" | "b",
  { solver, steps }: Options,
  numbers: readonly number[],
) {
  for (const runtime of [undefined, ...(x.shape.length === 2 ? [plainRuntime] : [])]) {
    const loaded = await loadBridge(out, runtime && { runtime });
    const found = await loaded.sample(x, {
      ...{ solver, steps },
      direction,
      seed: 5,
      conditions: { ...(sites && { site: sites }), ...(y && { y }) },
    } as SampleOptions);
    loaded.dispose();
    expectNear(withWeights(found.x.data, found.weights), numbers);
  }
}

/** sample.py gives the samples of the run. */
function expectPythonAgrees(
  { out, elsewhere, bridge }: { out: string; elsewhere: string; bridge: BridgeDescription },
  direction: "f" | "b",
  options: Options,
  numbers: readonly number[],
) {
  const { columns, conditions, mass } = bridge;
  const { steps } = options;
  const [from, to] = timesOf(options, direction);
  const ending = columns ? "csv" : "npy";
  const words = [
    ...(from === undefined ? [] : [`--from=${from}`, `--to=${to}`]),
    ...(steps === undefined ? [] : [`--steps=${steps}`]),
    ...(conditions?.y ? ["--classes=y.npy"] : []),
  ];
  const args = [join(out, "sample.py"), `new.${ending}`, `out.${ending}`, direction, "--seed=5"];
  const ran = spawnSync(python as string, [...args, ...words], {
    cwd: elsewhere,
    encoding: "utf8",
  });
  expect(ran.status, ran.stderr).toBe(0);
  const path = join(elsewhere, `out.${ending}`);
  if (columns)
    expect(readFileSync(path, "utf8").split(/\r?\n/)[0]).toBe(mass ? "x,y,weight" : "x,y");
  expectNear(numbersIn(path), numbers);
}

it("an export is read over http", async () => {
  const run = vectorRun(join(root, "far"), mlp);
  const out = join(root, "over http");
  await runWell("export", run, `${out}/`);
  const server = createServer(({ url = "" }, response) =>
    response.end(readFileSync(join(out, basename(url)))),
  );
  await once(server.listen(0, "127.0.0.1"), "listening");
  const far = await loadBridge(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
  using native = openBridge(run, { threads: 1 });
  const x = [[0.3, -1]];
  const options = { direction: "f", seed: 5 } as const;
  const [found, wanted] = [await far.sample(x, options), await native.sample(x, options)];
  expectNear(found.x.flat(), wanted.x.flat());
  far.dispose();
  server.close();
});

it("times of a course are in bridge.json, and the times of states have its units", async () => {
  const out = join(root, "three days between datasets out");
  expect(JSON.parse(readFileSync(join(out, "bridge.json"), "utf8"))).toMatchObject({
    times: { process: [0, 0.2, 1], labels: ["2", "3", "7"], scale: { from: 2, length: 5 } },
  });
  const bridge = await loadBridge(out, { runtime: plainRuntime });
  const { times } = await bridge.sample([[1, 2]], { steps: 2, direction: "b" });
  expect(times).toEqual([7, 5, 3, 2.5, 2]);
  const place = join(out, "bridge.json");
  writeFileSync(place, readFileSync(place, "utf8").replace('"sigma": ', '"sigma": 1'));
  await expect(loadBridge(out, { runtime: plainRuntime })).rejects.toThrow(
    /bridge\.json is damaged/,
  );
});

it.runIf(python)("sample.py samples numpy arrays, has a usage line, and names errors", async () => {
  const out = join(root, "function out");
  await runWell("export", ofCourse("wfr")(join(root, "function")), out);
  const run = (...words: string[]) =>
    spawnSync(python as string, words, { cwd: root, encoding: "utf8" });
  const help = run(join(out, "sample.py"), "--help");
  expect(help.stdout).toMatch(/usage: sample\.py .*NEW OUT.*bridge\.sample\(rows\)/s);
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
  const { stdout, status, stderr } = run("program.py");
  expect(status, stderr).toBe(0);
  expect(stdout.trim().split("\n")).toEqual([
    "(4, 2) (4,) (6, 4, 2) (6, 4) 2.0 3.0",
    "x is [4, 1]: expected finite numbers [n, 2]",
    "time 9: expected one of 2, 3, 7, or a time between them",
    "from 7 to None is no way of direction f",
    "y is given: see conditions in bridge.json",
  ]);
  writeFileSync(join(root, "gap.csv"), "x,y\n1,2\n1,\n");
  expect(run(join(out, "sample.py"), "gap.csv", "b.csv").stderr).toMatch(
    /^sample\.py: gap\.csv has '' in column y, row 2: expected a number/,
  );
  for (const name of ["model.onnx", "bridge.json"]) {
    const bytes = readFileSync(join(out, name));
    bytes[bytes.length >> 1] ^= 1;
    writeFileSync(join(out, name), bytes);
    expect(run(join(out, "sample.py"), "a.npy", "b.npy").stderr).toMatch(
      new RegExp(`^sample\\.py: .*${name} is damaged`),
    );
  }
});
