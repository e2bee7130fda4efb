// `dsbm export` as a user types it: the files, what they say, samples from them beside native ones, and what is refused.
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as T from "@dsbm/torch";
import { loadBridge } from "@dsbm/web";
import * as ort from "onnxruntime-web";
import { beforeAll, describe, expect, it } from "vitest";
import { exportBridge } from "../../packages/cli/src/export/run.js";
import { openBridge } from "../../packages/cli/src/sample/open.js";
import { distance, normal } from "../support/numbers.js";
import { scratch } from "./cli.js";
import { commandHere, imageRun, tableRun, vectorRun } from "./sample.js";

const root = scratch();
const at = (...names: string[]) => join(root, ...names);
const rowsOf = (t: T.Tensor): number[][] => {
  const [n, d] = t.shape as [number, number];
  const all = t.toNumbers();
  return Array.from({ length: n }, (_, i) => all.slice(i * d, (i + 1) * d));
};
const json = (path: string) => JSON.parse(readFileSync(path, "utf8"));

beforeAll(() => {
  T.setNumThreads(1);
  ort.env.wasm.numThreads = 1;
});

describe("a run of vectors", () => {
  let run = "";
  beforeAll(async () => {
    run = vectorRun(at("vectors"), ["num_steps=30", "sigma=0.7"]);
    const { code } = await commandHere("export", run, at("out/"), "license=MIT");
    expect(code).toBe(0);
  });

  it("is a folder with all that sampling needs", () => {
    expect(readdirSync(at("out")).sort()).toEqual(
      ["README.md", "b.onnx", "bridge.json", "f.onnx", "sample.py"].sort(),
    );
    const bridge = json(at("out/bridge.json"));
    expect(bridge).toMatchObject({
      ...{ format: 1, method: "dsbm", kind: "drift", license: "MIT", quality: null },
      ...{ state: { shape: [2], type: "vectors" }, default_direction: "b", columns: null },
      directions: {
        f: { model: "f.onnx", direction_input: null, half_iteration: 2 },
        b: { model: "b.onnx", direction_input: null, half_iteration: 1 },
      },
      ...{ inputs: ["x", "t"], output: "drift", end_output: null },
      process: { type: "brownian", sigma: 0.7 },
      schedule: { resample: true, step_variance: "process", last_noise: true },
      noise: { generator: "mt19937", block: 250, same_samples: true },
    });
    expect(bridge.schedule.times).toHaveLength(31);
    const card = readFileSync(at("out/README.md"), "utf8");
    expect(card).toMatch(/^---\nlicense: MIT\n---\n/);
    expect(card).toContain("σ = 0.7");
    expect(readFileSync(at("out/sample.py"), "utf8")).toContain("onnxruntime");
  });

  it.each(["f", "b"] as const)(
    "gives the native samples of the same seed, moment by moment (direction %s)",
    async (direction) => {
      using native = openBridge(run, { threads: 1 });
      const x = normal([260, 2], 3).to("float32");
      const states = await native.sample(x, { direction, seed: 5, path: true });
      const bridge = await loadBridge(at("out"));
      const { path } = await bridge.sample(rowsOf(x), { direction, seed: 5 });
      expect(path).toHaveLength(31);
      for (const [k, state] of path.entries()) {
        const found = T.tensor(new Float64Array(state.flat()), { shape: [260, 2] });
        const wanted = states.x.select(0, k).to("float64");
        expect(distance(found, wanted)).toBeLessThan(1e-3);
        expect(distance(found.mean(0), wanted.mean(0))).toBeLessThan(1e-4);
        expect(distance(found.std(), wanted.std())).toBeLessThan(1e-4);
      }
      bridge.dispose();
    },
  );

  it("is one model where the name says so, of one direction or both", async () => {
    const one = at("one.onnx");
    expect((await commandHere("export", run, one)).code).toBe(0);
    expect((await commandHere("export", run, one, "direction=both", "overwrite=true")).code).toBe(
      0,
    );
    const session = await ort.InferenceSession.create(readFileSync(one));
    expect(session.outputNames).toEqual(["drift_f", "drift_b"]);
    await session.release();
    // Metadata are text in the file.
    expect(readFileSync(one, "latin1")).toContain('"drift_b"');
  });

  it("has weights beyond a limit in a file of their own", async () => {
    const { models } = exportBridge(run, { direction: "f", limit: 10_000 });
    const { model, weights } = models.get("f.onnx") as {
      model: Uint8Array[];
      weights: Uint8Array[];
    };
    const inside = exportBridge(run, { direction: "f" }).models.get("f.onnx");
    expect(inside?.weights).toBeNull();
    const size = (chunks: readonly Uint8Array[]) => Buffer.concat(chunks).length;
    expect(size(model)).toBeLessThan(0.3 * size(inside?.model as Uint8Array[]));
    const x = new ort.Tensor("float32", Float32Array.from([0.3, -1]), [1, 2]);
    const t = new ort.Tensor("float32", Float32Array.from([0.4]), [1]);
    const evaluated = async (bytes: Uint8Array, options = {}) => {
      const session = await ort.InferenceSession.create(bytes, options);
      const { drift } = (await session.run({ x, t })) as { drift: ort.Tensor };
      await session.release();
      return [...(drift.data as Float32Array)];
    };
    const externalData = [{ path: "f.onnx.data", data: Buffer.concat(weights) }];
    const apart = await evaluated(Buffer.concat(model), { externalData });
    expect(apart).toEqual(await evaluated(Buffer.concat(inside?.model as Uint8Array[])));
  });
});

describe("other runs", () => {
  it("tables have their units and conditions in bridge.json", async () => {
    const transform = { log1p: true, standardise: "columns", mean: [1, 2], std: [0.5, 0] } as const;
    const conditioning = { name: "site", classes: ["a|b", "c"], mean: 0, std: 1 };
    const facts = { names: ["x", "a,b"], transform: { ...transform, mean: [1, 2], std: [0.5, 0] } };
    tableRun(at("tables"), { ...facts, conditioning });
    writeFileSync(
      at("tables/data.json"),
      JSON.stringify({
        ...json(at("tables/data.json")),
        ...{ source: { path: "/private/me/a.csv", rows: 10, group: null }, target: null },
        columns: [
          { name: "x", source: { min: 0, max: 1 }, target: null },
          { name: "a,b", source: { min: 0, max: 2 }, target: null },
        ],
      }),
    );
    expect((await commandHere("export", at("tables"), at("tables-out"))).code).toBe(0);
    const bridge = json(at("tables-out/bridge.json"));
    expect(bridge).toMatchObject({
      ...{ columns: ["x", "a,b"], transform, inputs: ["x", "t", "cond"], default_direction: "f" },
      conditions: { cond: { shape: [2], column: conditioning }, y: null },
      data: { source: { name: "a.csv", rows: 10 }, target: null },
    });
    for (const name of readdirSync(at("tables-out")))
      expect(readFileSync(at("tables-out", name), "latin1")).not.toContain("private");
  });

  it("pictures with classes take them as an input", async () => {
    imageRun(at("pictures"), ["model.class_cond=true"], { classes: 3 });
    expect(
      (await commandHere("export", at("pictures"), at("pictures-out"), "direction=b")).code,
    ).toBe(0);
    expect(json(at("pictures-out/bridge.json"))).toMatchObject({
      ...{ state: { shape: [1, 8, 8], type: "pictures" }, inputs: ["x", "t", "y"] },
      ...{ conditions: { cond: null, y: { classes: 3 } }, noise: { block: 8 } },
    });
  });
});

describe("what is refused", () => {
  const run = () => vectorRun(at("half"), [], { halves: ["b"] });
  it.each([
    [[], 2, /expected RUN OUT/],
    [["RUN"], 2, /expected RUN OUT/],
    [["RUN", "OUT", "more"], 2, /expected RUN OUT/],
    [["none", "OUT"], 2, /none/],
    [["RUN", "OUT", "direction=f"], 2, /direction=f has not been trained.*write direction=b/],
    [["RUN", "OUT", "direction=up"], 2, /direction/],
    [["RUN", "OUT", "half_iteration=9"], 2, /half_iteration=9/],
    [["RUN", "OUT", "opset=18"], 2, /opset/],
    [["RUN", "OUT.pt"], 2, /ends in .pt: expected a folder, NAME.onnx or NAME.html/],
    [["RUN", "there"], 2, /is there already.*overwrite=true/],
    [["RUN", "there/file.onnx"], 2, /is there already.*overwrite=true/],
    [["RUN", "there/file.onnx/"], 2, /is a file: give another name for a folder/],
    [["RUN", "there/file.onnx/deeper"], 1, /there.file.onnx.deeper/],
  ] as [string[], number, RegExp][])("%j", async (words, code, message) => {
    if (!existsSync(at("there"))) {
      await commandHere("export", run(), at("there"));
      writeFileSync(at("there/file.onnx"), "kept");
    }
    const places = words.map((word) =>
      word === "RUN" ? at("half") : word.includes("=") ? word : at(word),
    );
    const found = await commandHere("export", ...places);
    expect(found.stderr).toMatch(message);
    expect(found.stderr.trim()).not.toMatch(/\n/);
    expect(found.code).toBe(code);
    expect(existsSync(at("OUT"))).toBe(false);
    expect(readFileSync(at("there/file.onnx"), "utf8")).toBe("kept");
  });
});
