// `dsbm export` as a user types it: the files, their contents, samples from them against native
// ones, and refusals.
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as T from "@dsbm/torch";
import { loadBridge } from "@dsbm/web";
import { plainRuntime } from "@dsbm/web/plain";
import * as ort from "onnxruntime-web";
import { beforeAll, describe, expect, it } from "vitest";
import { exportBridge } from "../../packages/app/export/src/run.js";
import { Bridge } from "../../packages/app/inference/src/bridge.js";
import { distance, normal } from "../support/numbers.js";
import { scratch } from "./cli.js";
import { commandHere, course, imageRun, tableRun, vectorRun } from "./sample.js";

const root = scratch();
const at = (...names: string[]) => join(root, ...names);
const rowsOf = (t: T.Tensor): number[][] => {
  const [n, d] = t.shape as [number, number];
  const all = t.toNumbers();
  return Array.from({ length: n }, (_, i) => all.slice(i * d, (i + 1) * d));
};
/** Runs the command, which is to end well. */
const exported = async (...words: string[]) => {
  const { code, stderr } = await commandHere("export", ...words);
  expect(code, stderr).toBe(0);
};
/** The origin of a table, as a run of dsbm has it. */
const from = "/private/me/a.csv";

const json = (path: string) => JSON.parse(readFileSync(path, "utf8"));

beforeAll(() => {
  T.setNumThreads(1);
  ort.env.wasm.numThreads = 1;
});

describe("a run of vectors", () => {
  let run = "";
  beforeAll(async () => {
    run = vectorRun(at("vectors"), ["num_steps=30", "sigma=0.7"]);
    await exported(run, at("out/"), "license=MIT");
  });

  it("is a folder with all that sampling needs", () => {
    expect(readdirSync(at("out")).sort()).toEqual(
      ["README.md", "b.onnx", "bridge.json", "f.onnx", "sample.py"].sort(),
    );
    const bridge = json(at("out/bridge.json"));
    expect(bridge).toMatchObject({
      format: 2,
      method: "dsbm",
      kind: "drift",
      license: "MIT",
      quality: null,
      state: { shape: [2], type: "vectors" },
      default_direction: "b",
      columns: null,
      directions: {
        f: { model: "f.onnx", direction_input: null, half_iteration: 2 },
        b: { model: "b.onnx", direction_input: null, half_iteration: 1 },
      },
      inputs: ["x", "t"],
      output: "drift",
      end_output: null,
      process: { type: "brownian", sigma: 0.7 },
      schedule: { resample: true, step_variance: "process", last_noise: true },
      noise: { generator: "philox4x32-10", same_samples: true },
    });
    expect(bridge.schedule.times).toHaveLength(31);
    const card = readFileSync(at("out/README.md"), "utf8");
    expect(card).toMatch(/^---\nlicense: MIT\n---\n/);
    expect(card).toContain("σ = 0.7");
    expect(readFileSync(at("out/sample.py"), "utf8")).toContain("onnxruntime");
  });

  it("has the noise of steps that was measured in training", async () => {
    const own = vectorRun(at("analytic"), ["num_steps=7", "sigma=0.7", "step_variance=analytic"]);
    await exported(own, at("shares/"));
    using native = Bridge.open(own, { threads: 1 });
    const x = normal([50, 2], 3).to("float32");
    for (const [direction, steps] of [
      ["f", 7],
      ["b", 5],
    ] as const) {
      const how = { direction, seed: 5, steps };
      const wanted = (await native.sample(x, how)).x.to("float64");
      const bridge = await loadBridge(at("shares"));
      const gap = async (more: { stepVariance?: "process" }) => {
        const { x: found } = await bridge.sample(rowsOf(x), { ...how, ...more });
        return distance(T.tensor(found, { dtype: "float64" }), wanted);
      };
      expect(await gap({})).toBeLessThan(1e-4);
      expect(await gap({ stepVariance: "process" })).toBeGreaterThan(0.05);
      bridge.dispose();
    }
  });

  it("is one model where the name says so, of one direction or both", async () => {
    const one = at("one.onnx");
    await exported(run, one);
    await exported(run, one, "direction=both", "overwrite=true");
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

  it("a single model has its units and its weights beside it, and replaces none without overwrite", async () => {
    const transform = { log1p: false, standardise: "columns" as const, mean: [1, 2], std: [1, 2] };
    const own = tableRun(at("beside"), { names: ["x", "y"], transform, from });
    mkdirSync(at("one-file"));
    writeFileSync(at("one-file/drift.decode.onnx"), "kept");
    const words = [own, at("one-file/drift.onnx")];
    const { code, stderr } = await commandHere("export", ...words);
    expect([code, stderr]).toEqual([2, expect.stringMatching(/decode.onnx exists/)]);
    expect(readdirSync(at("one-file"))).toEqual(["drift.decode.onnx"]);
    await exported(...words, "overwrite=true");
    expect(readdirSync(at("one-file")).sort()).toEqual([
      "drift.decode.onnx",
      "drift.encode.onnx",
      "drift.onnx",
    ]);
  });
});

describe("other runs", () => {
  it("tables have their units and conditions in bridge.json", async () => {
    const transform = { log1p: true, standardise: "columns", mean: [1, 2], std: [0.5, 0] } as const;
    const conditioning = { name: "site", classes: ["a|b", "c"], mean: 0, std: 1 };
    const facts = { names: ["x", "a,b"], transform: { ...transform, mean: [1, 2], std: [0.5, 0] } };
    tableRun(at("tables"), { ...facts, conditioning, from });
    await exported(at("tables"), at("tables-out"));
    const bridge = json(at("tables-out/bridge.json"));
    expect(bridge).toMatchObject({
      columns: ["x", "a,b"],
      transform,
      inputs: ["x", "t", "cond"],
      default_direction: "f",
      conditions: { cond: { shape: [2], column: conditioning }, y: null },
      data: { source: { name: "a.csv", rows: 10 }, target: null },
    });
    for (const name of readdirSync(at("tables-out")))
      expect(readFileSync(at("tables-out", name), "latin1")).not.toContain("private");
  });

  describe.each(["dsbm", "alpha_dsbm", "wfr", "wfr_bridge"])(
    "a time course, method=%s",
    (method) => {
      const names = ["x", "y"];
      const transform = {
        log1p: false,
        standardise: "columns",
        mean: [1, 2],
        std: [2, 3],
      } as const;
      const rows = Array.from({ length: 300 }, (_, i) => [(i % 7) / 3, 6 + (i % 5) / 2]);
      const isMass = method.startsWith("wfr");
      beforeAll(async () => {
        const facts = { names, transform: { ...transform, mean: [1, 2], std: [2, 3] }, from };
        await exported(tableRun(at(method), facts, { more: course(method) }), at(`${method}-out`));
      });

      it.each([
        {},
        { direction: "b" },
        { from: 2.4, to: "7", steps: 3 },
        { from: 7, to: 3 },
        { from: 2, to: 5, solver: "heun", steps: 4 },
      ] as const)("has the native samples of %j, in both runtimes", async (options) => {
        using native = Bridge.open(at(method), { threads: 1 });
        const columns = [0, 1].map((k) => Float64Array.from(rows, (row) => row[k] as number));
        const flow = "solver" in options && {
          steps: null,
          ode_step_size: 1 / (options.steps ?? 100),
        };
        const { from: start, to: end, ...others } = { from: null, to: null, ...options };
        const text = (time: string | number | null) => (time === null ? null : `${time}`);
        const own = { ...others, from: text(start), to: text(end), ...flow, seed: 3 };
        const wanted = await native.sample(native.units.apply(columns), own);
        const values = native.units.undo(wanted.x);
        for (const runtime of [undefined, plainRuntime]) {
          const bridge = await loadBridge(at(`${method}-out`), runtime && { runtime });
          const found = await bridge.sample(rows, { ...options, seed: 3 });
          bridge.dispose();
          expect(found.x.flat()).toHaveLength(600);
          for (const [i, row] of found.x.entries())
            for (const k of [0, 1]) {
              const value = values[k]?.[i] as number;
              expect(Math.abs((row[k] as number) - value)).toBeLessThan(
                1e-3 * (1 + Math.abs(value)),
              );
            }
          const ends = [found.times[0], found.times.at(-1)];
          const usual = others.direction === "b" ? [7, 2] : [2, 7];
          expect(ends).toEqual([start ?? usual[0], end === null ? usual[1] : Number(end)]);
          expect(found.weights !== null).toBe(isMass);
          const masses = wanted.weights?.toNumbers() ?? [];
          for (const [i, mass] of masses.entries())
            expect(Math.abs((found.weights?.[i] as number) - mass)).toBeLessThan(1e-3 * mass);
          if (isMass) expect(Math.max(...masses) - Math.min(...masses)).toBeGreaterThan(0.1);
        }
      });

      it("says its times, and refuses others", async () => {
        expect(json(at(`${method}-out/bridge.json`))).toMatchObject({
          mass: isMass,
          state: { shape: [isMass ? 3 : 2] },
          times: { process: [0, 0.2, 1], labels: ["2", "3", "7"], scale: { from: 2, length: 5 } },
        });
        const bridge = await loadBridge(at(`${method}-out`), { runtime: plainRuntime });
        const some = rows.slice(0, 1);
        await expect(bridge.sample(some, { from: 9 })).rejects.toThrow(
          /from is 9; expected one of 2, 3, 7, or a time between/,
        );
        await expect(bridge.sample(some, { from: 3, to: 2, direction: "f" })).rejects.toThrow(
          /direction "f"; expected a later time at to/,
        );
      });
    },
  );

  it("pictures with classes take them as an input", async () => {
    imageRun(at("pictures"), ["model.class_cond=true"], { classes: 3 });
    await exported(at("pictures"), at("pictures-out"), "direction=b");
    expect(json(at("pictures-out/bridge.json"))).toMatchObject({
      state: { shape: [1, 8, 8], type: "pictures" },
      inputs: ["x", "t", "y"],
      conditions: { cond: null, y: { classes: 3 } },
      noise: { generator: "philox4x32-10" },
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
    [["RUN", "there"], 2, /exists already.*overwrite=true/],
    [["RUN", "there/file.onnx"], 2, /exists already.*overwrite=true/],
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
