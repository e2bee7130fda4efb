// The runtime of MLPs in plain TypeScript against ONNX Runtime, on exported models.
import { expect, it } from "vitest";
import { loadBridge } from "../src/index.js";
import { isPlain, plainRuntime } from "../src/plain/runtime.js";
import { tinyExport } from "./tiny-export.js";

it("samples as ONNX Runtime does", async () => {
  const rows = Array.from({ length: 50 }, (_, i) => [10 + (i % 7), 20 - (i % 5)]);
  const ends = [];
  for (const options of [{}, { runtime: plainRuntime }]) {
    const bridge = await loadBridge(tinyExport(), options);
    ends.push((await bridge.sample(rows, { seed: 2 })).x.flat());
    bridge.dispose();
  }
  const [wanted, found] = ends;
  for (const [i, value] of wanted.entries()) expect(found[i]).toBeCloseTo(value, 4);
});

it("opens no damaged models", async () => {
  const { bridge, models } = tinyExport();
  const whole = models["f.onnx"];
  expect(isPlain(whole)).toBe(true);
  for (let length = 0; length < whole.length; length++) {
    const cut = { ...models, "f.onnx": whole.slice(0, length) };
    const opened = loadBridge({ bridge, models: cut }, { runtime: plainRuntime });
    const sampled = opened.then((found) => found.sample([[1, 2]]));
    await expect(sampled).rejects.toMatchObject({ name: "WebBridgeError" });
  }
});
