// Tables of vectors: drawn from a seed, or read from a user's .npy file.
import { truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { arange, Generator, io, memory, ones, randn, type Tensor, tidy } from "@dsbm/torch";
import { beforeAll, describe, expect, it } from "vitest";
import { collectGarbage } from "../../../../../test/support/collect.js";
import type { Table } from "../../src/data-set.js";
import { datasets, loadTable } from "../../src/registry.js";
import { refusal, testFolders } from "../files.js";

const newFolder = testFolders();
/** The path of a file in the one folder of these tests. */
let folder = "";
beforeAll(() => {
  folder = newFolder();
});
const pathOf = (name: string) => join(folder, name);

type Options = Partial<Parameters<typeof loadTable>[1]>;
const load = (name: string, options: Options = {}): Table =>
  loadTable(name, { split: "train", ...options });
const values = (x: Tensor) => Array.from(tidy(() => x.flatten().toNumbers()));

describe("synthetic vectors", () => {
  // Of the moons, h is the mean height of a half circle; of the S curve, c is −E cos t.
  const [h, c] = [2 / Math.PI, 2 / (3 * Math.PI)];
  it.each([
    { name: "normal", mean: [0, 0], covariance: [1, 0, 1] },
    { name: "eight_gaussians", mean: [0, 0], covariance: [12.6, 0, 12.6] },
    {
      name: "moons",
      mean: [0.5, -0.25],
      covariance: [0.75 + 0.04, (0.5 - h) / 2 - 0.125, (1.25 - h) / 2 - 0.0625 + 0.04].map(
        (v) => 9 * v,
      ),
    },
    {
      name: "scurve",
      mean: [0, 0],
      covariance: [0.5 + 0.0025, -c / 2, 1.5 + 2 * c + 0.0025].map((v) => 2.25 * v),
    },
  ])("$name has the moments of its closed form", ({ name, mean, covariance }) => {
    const n = 40_000;
    tidy(() => {
      const { x } = load(name, { n, seed: 3 });
      expect([x.dtype, x.shape]).toEqual(["float32", [n, 2]]);
      const centre = x.mean(0);
      const centred = x.sub(centre);
      const [a, b, , d] = values(centred.t().mm(centred).div(n));
      const scale = Math.max(...covariance);
      values(centre).forEach((m, i) => {
        expect(Math.abs(m - mean[i])).toBeLessThan(4 * Math.sqrt(scale / n));
      });
      [a, b, d].forEach((v, i) => {
        expect(Math.abs(v - covariance[i])).toBeLessThan((6 * scale) / Math.sqrt(n));
      });
      // Evaluations take the first rows: they are of the whole distribution.
      values(x.narrow(0, 0, 400).mean(0)).forEach((m, i) => {
        expect(Math.abs(m - mean[i])).toBeLessThan(4 * Math.sqrt(scale / 400));
      });
    });
  });

  const vectors = Object.keys(datasets).filter((name) => {
    try {
      return tidy(() => load(name, { n: 4 }).x.shape.length === 2);
    } catch {
      return false;
    }
  });
  it.each(vectors)(
    "%s depends on seed, split and end alone, and leaves no tensors",
    async (name) => {
      await collectGarbage();
      const before = memory().live;
      const head = (options: Options) =>
        tidy(() => values(load(name, { n: 4, ...options }).x)).join();
      const one = head({ seed: 1 });
      expect(head({ seed: 1, end: "x0", split: "train" })).toBe(one);
      const others = [
        { seed: 2 },
        { seed: 1, split: "test" as const },
        { seed: 1, end: "x1" as const },
      ];
      expect(new Set([one, ...others.map(head)]).size).toBe(4);
      expect(memory().live).toBe(before);
    },
  );

  it("gaussian draws both ends of both splits from one generator of the seed, shifted by a", () => {
    tidy(() => {
      const generator = Generator.create(7);
      const draw = (n: number, shift: number) => values(randn([n, 3], { generator }).add(shift));
      const drawn = [draw(20, -0.5), draw(20, 0.5), draw(30, -0.5), draw(30, 0.5)];
      const options = { dim: 3, a: 0.5, seed: 7, n_train: 20 };
      const tables = (["train", "test"] as const).flatMap((split) =>
        (["x0", "x1"] as const).map((end) =>
          load("gaussian", { ...options, split, end, n: split === "train" ? 20 : 30 }),
        ),
      );
      expect(tables.map(({ x }) => values(x))).toEqual(drawn);
      expect(load("gaussian").x.shape).toEqual([10_000, 5]);
    });
  });

  it.each<[string, Options, string]>([
    ["moons", { dim: 3 }, "dim 3: expected 2, the dimension of moons"],
    ["normal", { n: 0 }, "n 0: expected 1 or more samples of 8 bytes"],
    ["gaussian", { n: 2 ** 21, dim: 2048 }, "at most 8 GiB of them"],
    ["moons_1", {}, "moons_1: [1] for a set without classes"],
  ])("%s %j is refused", (name, options, message) =>
    expect(() => load(name, options)).toThrow(refusal("InvalidOption", message)),
  );
});

describe("array:", () => {
  /** A .npy file of a tensor; gives the name of its set. */
  const saved = (name: string, x: Tensor) => {
    writeFileSync(pathOf(name), io.encodeNpy(x));
    return `array:${pathOf(name)}`;
  };

  it("splits the rows at random by the seed, each row in one split", () => {
    tidy(() => {
      const name = saved("v.npy", arange(0, 60).view([20, 3]).to("float32"));
      const firsts = (options: Options) =>
        values(load(name, { test_fraction: 0.25, ...options }).x.narrow(1, 0, 1)).map((v) => v / 3);
      const [train, test] = [firsts({}), firsts({ split: "test" })];
      expect([train.length, test.length]).toEqual([15, 5]);
      expect([...train, ...test].sort((a, b) => a - b)).toEqual(
        Array.from({ length: 20 }, (_, i) => i),
      );
      expect(firsts({ n: 4 })).toEqual(train.slice(0, 4));
      expect(firsts({})).toEqual(train);
      expect(firsts({ seed: 1 })).not.toEqual(train);
      expect(load(name, { test_fraction: 0.99 }).x.shape).toEqual([1, 3]);
    });
  });

  it("takes images and bytes as they are, float64 as float32, and any order of elements", () => {
    tidy(() => {
      const images = load(saved("i.npy", ones([10, 1, 4, 4]).to("uint8")));
      expect([images.x.dtype, images.x.shape]).toEqual(["uint8", [8, 1, 4, 4]]);
      const rows = arange(0, 24).view([8, 3]).to("float64");
      const usual = load(saved("d.npy", rows));
      expect(usual.x.dtype).toBe("float32");
      // The same numbers, column after column.
      const text = Buffer.from(io.encodeNpy(rows.t().contiguous())).toString("latin1");
      const fortran = text
        .replace("'fortran_order': False", "'fortran_order': True ")
        .replace("(3, 8)", "(8, 3)");
      writeFileSync(pathOf("f.npy"), Buffer.from(fortran, "latin1"));
      expect(values(load(`array:${pathOf("f.npy")}`).x)).toEqual(values(usual.x));
    });
  });

  it.each<[string, string, (name: string) => string, Options, RegExp]>([
    ["no file", "MissingFiles", () => "array:none.npy", {}, /no file none\.npy; write array:PATH/],
    ["a cut file", "BadArray", (f) => cut(f), {}, /bad\.npy: .* bytes: expected/],
    ["int64", "BadArray", (f) => saved(f, ones([4, 2]).to("int64")), {}, /of int64: expected/],
    ["a list", "BadArray", (f) => saved(f, ones([4])), {}, /shape \[4\]: expected vectors \[n/],
    ["one row", "BadArray", (f) => saved(f, ones([1, 2])), {}, /1 rows: expected 2 or more/],
    ["too many", "InvalidOption", (f) => saved(f, ones([4, 2])), { n: 4 }, /expected 1 to 2, the/],
  ])("%s is refused in a line", (_, code, make, options, message) =>
    expect(() => tidy(() => load(make("bad.npy"), options))).toThrow(refusal(code, message)),
  );

  const cut = (name: string) => {
    const set = saved(name, ones([8, 8]));
    truncateSync(pathOf(name), 150);
    return set;
  };
});
