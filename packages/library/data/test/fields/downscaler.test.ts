import { join } from "node:path";
import { arange, io, randn, type Tensor, tensor, tidy } from "@dsbm/torch";
import { zipSync } from "fflate";
import { describe, expect, it } from "vitest";
import { distance, generatorOf } from "../../../../../test/support/numbers.js";
import {
  downscalerScalingFile,
  loadDownscalerScaling,
  unscaleFields,
} from "../../src/fields/downscaler.js";
import { loadTable } from "../../src/registry.js";
import { refusal, testFolders, writeFiles } from "../files.js";

const newFolder = testFolders();

/** Fields [n, 3, 4, 6] whose values count on: row i begins at 72 i, its condition at 72 i + 48. */
const counting = (n: number) =>
  io.encodeNpy(tidy(() => arange(0, n * 72, { dtype: "float32" }).view([n, 3, 4, 6])));
/** Which rows of such a file fields are. */
const rows = (x: Tensor) =>
  x
    .select(1, 0)
    .select(1, 0)
    .select(1, 0)
    .toNumbers()
    .map((value) => value / 72);
const upTo = (n: number) => Array.from({ length: n }, (_, i) => i);

describe("the downscaler arrays", () => {
  const load = (name: string, directory: string, options = {}) =>
    loadTable(name, { split: "train", directory, ...options });

  it("are two states and a condition, mapped as they lie, with a fixed order", () => {
    const directory = writeFiles(newFolder(), {
      "downscaler/xtrain_512.npy": counting(10),
      "xtest_64.npy": counting(7),
    });
    const high = load("downscaler_high", directory);
    expect([high.x.dtype, high.x.shape]).toEqual(["float32", [10, 2, 4, 6]]);
    expect([high.condition!.dtype, high.condition!.shape]).toEqual(["float32", [10, 1, 4, 6]]);
    expect(rows(high.x)).toEqual(upTo(10));
    expect(high.x.select(0, 3).toNumbers()).toEqual(upTo(48).map((k) => 3 * 72 + k));
    expect(high.condition!.select(0, 3).toNumbers()).toEqual(upTo(24).map((k) => 3 * 72 + 48 + k));
    expect(high).toMatchObject({
      source: join(directory, "downscaler"),
      labels: null,
      classes: [],
      flip: false,
    });
    const order = high.order!.toNumbers();
    expect(high.order!.dtype).toBe("int64");
    expect([...order].sort((a, b) => a - b)).toEqual(upTo(10));
    expect(order).not.toEqual(upTo(10));
    // It belongs to the data: another seed has the same one.
    expect(load("downscaler_high", directory, { seed: 5 }).order!.toNumbers()).toEqual(order);

    const first = load("downscaler_high", directory, { n: 4 });
    expect(first.order).toBeUndefined();
    expect(rows(first.x)).toEqual(order.slice(0, 4));
    expect(first.condition!.select(0, 1).toNumbers()[0]).toBe(72 * order[1] + 48);
    const low = load("downscaler_low", directory, { split: "test" });
    expect([low.x.shape, low.source]).toEqual([[7, 2, 4, 6], directory]);
  });

  it("have a segment for each wavenumber, the low resolution none", () => {
    const directory = writeFiles(newFolder(), {
      "xtrain_512.npy": counting(15),
      "xtrain_64.npy": counting(8),
      "xtest_512.npy": counting(11),
    });
    for (const [k, wavenumber] of [1, 2, 4, 8, 16].entries()) {
      const { x, condition, order } = load("downscaler_high", directory, { wavenumber });
      expect(rows(x)).toEqual([3 * k, 3 * k + 1, 3 * k + 2]);
      expect(condition!.size(0)).toBe(3);
      expect(order!.toNumbers().sort()).toEqual([0, 1, 2]);
    }
    const some = load("downscaler_high", directory, { wavenumber: 4, n: 3 });
    expect(rows(some.x).sort((a, b) => a - b)).toEqual([6, 7, 8]);
    expect(load("downscaler_high", directory, { wavenumber: 0 }).x.size(0)).toBe(15);
    expect(load("downscaler_low", directory, { wavenumber: 4 }).x.size(0)).toBe(8);
    for (const [name, options, code, message] of [
      ["", { wavenumber: 3 }, "InvalidOption", "3: expected 0 for all fields of downscaler_hi"],
      ["", { wavenumber: 1, n: 4 }, "InvalidOption", "n 4: expected 1 to 3, the samples of"],
      ["", { wavenumber: 1, split: "test" }, "BadArray", "11 fields: expected 5 segments of one"],
      ["_1", {}, "InvalidOption", "downscaler_high_1: [1] for a set without classes"],
    ] as const)
      expect(() => load(`downscaler_high${name}`, directory, options)).toThrow(
        refusal(code, message),
      );
  });

  it("are named if they are missing or damaged", () => {
    const directory = newFolder();
    const low = () => load("downscaler_low", directory);
    const places = `${join(directory, "downscaler")}, ${directory}`;
    expect(low).toThrow(refusal("MissingFiles", `xtrain_64.npy: not in ${places}; choose`));
    expect(low).toThrow(
      refusal(
        "MissingFiles",
        "choose dataset=downscaler_synthetic, which needs no files, or put the arrays",
      ),
    );
    expect(() => loadTable("downscaler_high", { split: "test" })).toThrow(
      refusal("MissingFiles", "xtest_512.npy: not there; "),
    );
    const wide = tidy(() => io.encodeNpy(randn([2, 3, 4, 4], { dtype: "float64" })));
    writeFiles(directory, { "xtrain_512.npy": wide });
    expect(() => load("downscaler_high", directory)).toThrow(
      refusal("BadArray", "float64 [2,3,4,4]: expected float32 [n, 3, H, W], two states"),
    );
    writeFiles(directory, { "xtrain_512.npy": counting(5).subarray(0, 700) });
    expect(() => load("downscaler_high", directory)).toThrow(
      /xtrain_512\.npy: 700 bytes: expected/,
    );
  });
});

describe("the scaling", () => {
  const values = {
    mintrain_mean: [0.5, -2, 0],
    Delta_: [2, 0.25, 1],
    mintrain_p: [-4, -1, -3],
    Deltap: [8, 2.5, 6],
  };
  const encoded = (row: number[]) =>
    io.npy.encode(io.fromTyped(Float32Array.from(row), [1, 1, row.length, 1]));
  /** As the file has them: the channel in the third of four dimensions. */
  const npz = (changes: Record<string, number[] | null> = {}) => {
    const arrays = Object.entries({ ...values, ...changes }).flatMap(([name, row]) =>
      row === null ? [] : [[`${name}.npy`, encoded(row)]],
    );
    return zipSync(Object.fromEntries(arrays));
  };
  const scalingOf = (changes = {}) => {
    const directory = writeFiles(newFolder(), { "downscaler/scaling_512.npz": npz(changes) });
    return loadDownscalerScaling(downscalerScalingFile("high", directory));
  };

  it("maps means and deviations to −1 … 1 each, and plots invert it", () => {
    const scaling = scalingOf();
    const x = randn([5, 2, 8, 6], { generator: generatorOf(3), dtype: "float64" }).add(0.7);
    /** The published formula: the mean m and p = x − m as parts of their ranges, each from −1 to 1. */
    const of = (row: number[]) =>
      tensor(Float64Array.from(row), { shape: [1, 3, 1, 1] }).narrow(1, 0, 2);
    const m = x.mean([2, 3], { keepdim: true });
    const [mean, p] = [
      m.sub(of(values.mintrain_mean)).div(of(values.Delta_)).mul(2).sub(1),
      x.sub(m).sub(of(values.mintrain_p)).div(of(values.Deltap)).mul(2).sub(1),
    ];
    const stored = mean.add(p);
    expect(distance(unscaleFields(stored, scaling), x)).toBeLessThan(1e-12);
    const back = unscaleFields(stored.to("float32"), scaling);
    expect([back.dtype, distance(back, x.to("float32")) < 1e-5]).toEqual(["float32", true]);
    // A stored field moved by d everywhere moves the mean by d/2 · Delta_, and nothing else.
    const moved = unscaleFields(stored.add(0.3), scaling).sub(x);
    for (const [c, delta] of [2, 0.25].entries()) {
      const part = moved.select(1, c);
      expect(distance(part, part.mul(0).add(0.15 * delta))).toBeLessThan(1e-12);
    }
  });
});
