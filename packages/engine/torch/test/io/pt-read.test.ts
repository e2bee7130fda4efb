// Checkpoints written by PyTorch itself, in all its formats, against the values that make.py gave them.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { expectClose } from "../../../../../test/support/close.js";
import { collectGarbage } from "../../../../../test/support/collect.js";
import { scratch } from "../../../../../test/support/scratch.js";
import { io, memory, type Tensor, tidy } from "../../src/index.js";
import { decodePt, type PtKey, type PtValue } from "../../src/io/pt/load.js";
import type { RawArray } from "../../src/io/raw.js";
import { toFloat64 } from "../../src/io/tensors.js";
import { checkpoint, fixture, fixturePath, latin1, tensor, word, zip } from "./pt-support.js";

const folder = scratch();

const saveBytes = (name: string, bytes: Uint8Array) => {
  const path = join(folder, name);
  writeFileSync(path, bytes);
  return path;
};

type Dictionary = Map<PtKey, PtValue<RawArray>>;
const dictionary = (bytes: Uint8Array) => decodePt(bytes) as Dictionary;

const expectedTensors: [name: string, dtype: string, shape: number[], values: number[]][] = [
  ["base", "float32", [2, 3], [0, 0.25, 0.5, 0.75, 1, 1.25]],
  ["transposed", "float32", [3, 2], [0, 0.75, 0.25, 1, 0.5, 1.25]],
  ["row", "float32", [1, 3], [0.75, 1, 1.25]],
  ["column", "float32", [2], [0.25, 1]],
  ["expanded", "float32", [3, 2], [0.5, 0.5, 0.5, 0.5, 0.5, 0.5]],
  ["channels_last", "float32", [1, 2, 3, 4], Array.from({ length: 24 }, (_, i) => i)],
  ["parameter", "float32", [2], [1, -2]],
  ["scalar", "float32", [], [7]],
  ["empty", "float32", [0, 3], []],
  ["nothing", "int32", [2, 0], []],
  ["float64", "float64", [2], [0.1, -1e300]],
  ["float16", "float16", [2], [0.5, -65504]],
  ["bfloat16", "bfloat16", [2], [1.5, -3]],
  ["int64", "int64", [2], [2 ** 53, -(2 ** 63)]],
  ["int32", "int32", [2], [2 ** 31 - 1, -(2 ** 31)]],
  ["int16", "int16", [2], [-2, 258]],
  ["int8", "int8", [2], [-128, 127]],
  ["uint8", "uint8", [2], [0, 255]],
  ["bool", "bool", [3], [1, 0, 1]],
];

describe("a state dict from PyTorch", () => {
  const files = ["zip.pt", "protocol5.pt", "deflated.pt"];
  it.each(files)("%s: every element type, views, shared and empty storages", (name) => {
    const found = dictionary(fixture(name));
    expect([...found.keys()]).toEqual(expectedTensors.map(([key]) => key));
    for (const [key, dtype, shape, values] of expectedTensors) {
      const array = found.get(key) as RawArray;
      expect([key, array.dtype, array.shape]).toEqual([key, dtype, shape]);
      expect([key, ...toFloat64(array)]).toEqual([key, ...values]);
    }
    // 2^53 + 1 is no double.
    const wide = (found.get("int64") as RawArray).data.slice().buffer as ArrayBuffer;
    expect(new BigInt64Array(wide)).toEqual(BigInt64Array.of(2n ** 53n + 1n, -(2n ** 63n)));
  });

  it("becomes tensors of the engine, and no others stay behind", async () => {
    await collectGarbage();
    const before = memory().live;
    const state = io.loadPt(fixturePath("zip.pt")) as Map<string, Tensor>;
    expect(memory().live).toBe(before + expectedTensors.length);
    for (const [key, dtype, shape, values] of expectedTensors) {
      const t = state.get(key) as Tensor;
      expect([t.dtype, t.shape, t.requiresGrad]).toEqual([dtype, shape, false]);
      expect(tidy(() => t.to("float64").toNumbers())).toEqual(values);
    }
    for (const t of state.values()) t.dispose();
    expect(tidy(() => io.loadStateDict(fixturePath("protocol5.pt")).size)).toBe(
      expectedTensors.length,
    );
    const network = io.loadStateDict(fixturePath("nested.pt"));
    expect(memory().live).toBe(before + 2);
    for (const t of network.values()) t.dispose();
  });
});

describe("a training script's checkpoint", () => {
  it("keeps numbers, text and structure", () => {
    const found = dictionary(fixture("nested.pt"));
    const { state_dict: _, optimizer, ...rest } = Object.fromEntries(found);
    expect(rest).toEqual({
      epoch: 3,
      loss: 0.25,
      big: 2n ** 70n,
      negative: -(2 ** 40),
      note: "für später",
      done: false,
      best: null,
      shape: [2, 3],
      dtype: "torch.bfloat16",
      device: "cuda:1",
      history: [
        [0, 1.5],
        [1, 0.5],
      ],
    });
    expect([...(optimizer as Dictionary).keys()]).toEqual(["state", "param_groups"]);
  });
});

describe("loadStateDict", () => {
  const one = (name: string) => `${word(name)}${tensor()}`;
  const data = { 0: new Uint8Array(16) };
  const file = (name: string, inner: string) =>
    saveBytes(name, checkpoint(`\x80\x02}(${inner}u.`, data));
  it("finds it under a usual key, without the prefix of data-parallel training", () => {
    const state = io.loadStateDict(fixturePath("nested.pt"));
    expect([...state.keys()]).toEqual(["weight", "bias"]);
    // One step of Adam moves every weight by the rate, against its gradient's sign.
    expectClose((state.get("weight") as Tensor).toNumbers(), [0.5, 2.5], 5);
    expect((state.get("bias") as Tensor).item()).toBeCloseTo(2.5, 5);
  });

  it("refuses several", async () => {
    await collectGarbage();
    const path = file("two.pt", `${word("model")}}(${one("a")}u${word("net")}}(${one("b")}u`);
    const before = memory().live;
    expect(() => io.loadStateDict(path)).toThrow(/no state dict, or several, but model, net/);
    expect(memory().live).toBe(before);
  });

  it("refuses a file without a state dict", () => {
    const none = expect.objectContaining({ code: "UnknownName" });
    expect(() => io.loadStateDict(file("numbers.pt", `${word("a")}K\x01`))).toThrow(none);
    expect(() => io.loadStateDict(file("lists.pt", `${word("model")}](${tensor()}e`))).toThrow(
      none,
    );
    expect(() => io.loadStateDict(file("empty.pt", ""))).toThrow(none);
    expect(() => io.loadStateDict(saveBytes("list.pt", checkpoint("\x80\x02].")))).toThrow(
      /holds no dictionary: expected a dictionary of tensors by name/,
    );
  });

  it("names the file that cannot be read", () => {
    const path = join(folder, "missing.pt");
    expect(() => io.loadStateDict(path)).toThrow(
      expect.objectContaining({ code: "Missing", source: path }),
    );
    expect(() => io.loadPt(folder)).toThrow(expect.objectContaining({ code: "Unreadable" }));
  });
});

describe("the archive", () => {
  const pickle = { name: "x/data.pkl", data: latin1(`\x80\x02${tensor()}.`) };
  const values = new Uint8Array(Float32Array.of(1, 2, 3, 4).buffer);
  const elements = { name: "x/data/0", data: values };

  it("may have 64-bit sizes, a comment, folders, and no folder at all", () => {
    const folderEntry = { name: "x/", data: new Uint8Array() };
    const bare = [
      { ...pickle, name: "data.pkl" },
      { ...elements, name: "data/0" },
    ];
    const archives = [
      zip([pickle, elements]),
      zip([pickle, { ...elements, wide: true }], { wide: true }),
      zip([pickle, { ...elements, deflate: true }], { comment: "kept by hand" }),
      zip([folderEntry, pickle, elements]),
      zip(bare),
    ];
    for (const bytes of archives) expect((decodePt(bytes) as RawArray).data).toEqual(values);
  });

  it("may share a tensor: it stays one", () => {
    const shared = checkpoint(`\x80\x02](${tensor()}q\x01h\x01e.`, { 0: values });
    const [first, second] = decodePt(shared) as RawArray[];
    expect(first).toBe(second);
    const path = saveBytes("shared.pt", shared);
    const [p, q] = io.loadPt(path) as Tensor[];
    expect(p).toBe(q);
  });
});
