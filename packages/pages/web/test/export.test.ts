// Exported folders: the networks through ONNX Runtime equal the original functions, and other files
// are refused.
import { execFileSync } from "node:child_process";
import { cpSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { describe, expect, it, vi } from "vitest";
import { scratch } from "../../../../test/support/scratch.js";
import { createBridge, loadBridge, unitsOf } from "../src/index.js";
import { plainRuntime } from "../src/plain/runtime.js";
import { tinyBridge, tinyExport } from "./tiny-export.js";

const folder = scratch();

const { transform, schedule } = tinyBridge();
const ownBridge = createBridge({
  shape: [2],
  networks: { f: (x) => x.map((v, i) => 1 + (i % 2) - v), b: (x) => x.map((v) => -v) },
  ...{ sigma: 0.5, times: schedule.times, stepVariance: "bridge", lastNoise: false, eps: 0.001 },
  units: unitsOf({ shape: [2], standardisation: transform }),
});
const rows = Array.from({ length: 1003 }, (_, i) => [10 + (i % 7), 20 - (i % 5)]);

describe("an export", () => {
  it.each([
    { direction: "f" },
    { direction: "b", steps: 7 },
    { direction: "b", solver: "heun", steps: 5 },
  ] as const)("samples as the functions that it was made of: %j", async (options) => {
    const bridge = await loadBridge(tinyExport());
    expect(bridge.info).toMatchObject({
      columns: ["age <b>", "income"],
      ends: ["winter.csv", "summer.csv"],
      ...{ direction: "f", directions: ["f", "b"], random: true, steps: 3 },
    });
    const [found, wanted] = [
      await bridge.sample(rows, options),
      await ownBridge.sample(rows, options),
    ];
    const flat = (path: number[][][]) => path.flat(2);
    const all = flat(wanted.path);
    const far = flat(found.path).map((x, i) => Math.abs(x - all[i]));
    expect(far).toHaveLength(all.length);
    expect(far.reduce((a, b) => Math.max(a, b))).toBeLessThan(1e-5);
    bridge.dispose();
  });

  it("is read from a folder, by its path or its address", async () => {
    const { bridge, models } = tinyExport();
    writeFileSync(join(folder, "bridge.json"), JSON.stringify(bridge));
    for (const [name, bytes] of Object.entries(models)) writeFileSync(join(folder, name), bytes);
    const ends = await Promise.all(
      [folder, `${folder}/`, pathToFileURL(folder), join(folder, "bridge.json")].map(
        async (source) => (await (await loadBridge(source)).sample([[10, 20]])).x,
      ),
    );
    expect(new Set(ends.map(String)).size).toBe(1);
    await expect(loadBridge(join(folder, "nowhere"))).rejects.toThrow(
      /bridge\.json cannot be read/,
    );
  });

  it.each([
    [{ format: 1 }, /format 1; expected 2/],
    [{ directions: {} }, /directions is missing/],
    [{ directions: { f: { model: "../f.onnx" } } }, /directions is missing or of another kind/],
    [{ directions: { f: { model: "https://elsewhere/f.onnx" } } }, /directions/],
    [{ directions: { f: { model: "g.onnx" } } }, /the model g\.onnx is not there/],
    [{ schedule: { ...schedule, times: [0, 1, 0.5] } }, /schedule/],
    [{ kind: "mean" }, /schedule is missing or of another kind/],
    [
      { kind: "mean", schedule: { ...schedule, scales: [1, 1], deviations: [1, 1, 1] } },
      /schedule/,
    ],
    [{ state: { shape: [2.5], type: "vectors" } }, /state/],
    [{ process: { sigma: "1" } }, /process/],
    [{ inputs: ["x", "constructor"] }, /inputs/],
    [{ autoencoder: { shape: [1, 8, 8], encoder: "e.onnx", decoder: "d.onnx" } }, /autoencoder/],
    [{ output: "elsewhere" }, /elsewhere.*does not belong to this bridge\.json/],
    [{ end_output: "end" }, /does not belong/],
    [{ inputs: ["x", "t", "direction"] }, /does not belong/],
    [{ inputs: ["x", "t", "cond"] }, /inputs is missing or of another kind/],
    [{ inputs: ["x", "x"] }, /inputs/],
    [{ kind: "endpoint" }, /inputs/],
    [{ inputs: ["x", "t", "noise"] }, /inputs/],
    [{ transform: { ...transform, std: [2] } }, /transform/],
    [{ transform: { ...transform, mean: [1, 2, 3], std: [1, 2, 3] } }, /transform/],
    [
      { transform: { ...transform, limits: { min: [0], max: [null], whole: [true] } } },
      /transform/,
    ],
    [{ columns: ["age"] }, /columns/],
    [{ projection: { shape: [2], scale: 1, mean: "AAAAAAAAAAA=", basis: "AAAA" } }, /projection/],
    [{ projection: { shape: [2], scale: 1, mean: "?", basis: "?" } }, /projection/],
    [{ files: { "f.onnx": 3 } }, /files/],
    [{ files: { "f.onnx": "0".repeat(64) } }, /f\.onnx is damaged: it does not fit its checksum/],
    [{ files: {} }, /f\.onnx is damaged/],
  ])("is refused with %j", async (change, message) => {
    const open = async () => {
      const bridge = await loadBridge(tinyExport(change));
      await bridge.sample([[1, 2]]);
    };
    await expect(open()).rejects.toThrow(message);
  });

  it("tells its ends apart if both have one name", async () => {
    const data = { source: { name: "gaussian" }, target: { name: "gaussian" } };
    const { info } = await loadBridge(tinyExport({ data }));
    expect(info.ends).toEqual(["gaussian (source)", "gaussian (target)"]);
  });

  it("needs no onnxruntime-web for its types, and says what to install to be opened", async () => {
    const types = fileURLToPath(new URL("../dist/", import.meta.url));
    const files = readdirSync(types, { recursive: true }).map(String);
    for (const name of files.filter((name) => name.endsWith(".d.ts")))
      expect(readFileSync(join(types, name), "utf8")).not.toMatch(/(from|import\() *"onnxruntime/);
    // Outside of this repository there is no onnxruntime-web.
    cpSync(types, join(folder, "dist"), { recursive: true });
    writeFileSync(join(folder, "package.json"), '{"type": "module"}');
    const { bridge, models } = tinyExport();
    writeFileSync(join(folder, "bridge.json"), JSON.stringify(bridge));
    for (const [name, bytes] of Object.entries(models)) writeFileSync(join(folder, name), bytes);
    const program = `import("./dist/index.js").then((web) => web.loadBridge(".")).catch(console.log)`;
    const said = execFileSync(process.execPath, ["-e", program], { cwd: folder, encoding: "utf8" });
    expect(said).toMatch(/^WebBridgeError: .*npm install onnxruntime-web.*plainRuntime/);
  });

  it("is refused if the model is damaged or of another shape", async () => {
    const { bridge } = tinyExport();
    const models = { "f.onnx": Uint8Array.of(1, 2, 3), "b.onnx": Uint8Array.of() };
    await expect(loadBridge({ bridge, models })).rejects.toThrow(/cannot open f\.onnx/);
  });
});

describe("conditions", () => {
  const conditions = {
    cond: { shape: [2], column: { name: "day", classes: ["mon", "tue"], mean: 0, std: 1 } },
    y: { classes: 3 },
  };
  const sample = async (given: Record<string, never>) =>
    (await loadBridge(tinyExport({ conditions }))).sample(rows.slice(0, 2), { conditions: given });

  it.each([
    [{}, /conditions\.day is missing/],
    [{ day: "wed", y: 0 }, /"wed"; expected one of mon, tue/],
    [{ day: ["mon"], y: 0 }, /has 1 values for 2 samples/],
    [{ day: "mon", y: 3 }, /class from 0 to 2/],
    [{ day: "mon", y: 0, night: 1 }, /conditions\.night is given/],
  ])("%j are refused", async (given, message) => {
    await expect(sample(given as never)).rejects.toThrow(message);
  });

  it("reach a runtime with their types", async () => {
    const made = vi.fn();
    class Tensor extends plainRuntime.Tensor {
      constructor(...given: ConstructorParameters<typeof plainRuntime.Tensor>) {
        super(...given);
        made(given[0], given[2]);
      }
    }
    const inputs = ["x", "t", "cond", "y"];
    const runtime = { ...plainRuntime, Tensor };
    const bridge = await loadBridge(tinyExport({ conditions, inputs }), { runtime });
    await bridge.sample(rows.slice(0, 2), { conditions: { day: "tue", y: [0, 2] } });
    expect(made.mock.calls.slice(0, 4)).toEqual([
      ["float32", [2, 2]],
      ["float32", [2]],
      ["int64", [2]],
      ["int64", [2]],
    ]);
  });
});
