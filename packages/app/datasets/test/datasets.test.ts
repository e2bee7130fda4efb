// The data at both ends: the Gaussian at time 1 has the moments of the configuration, images are mirrored in training.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { decodeImages, stream } from "@dsbm/bridge";
import { io, ones, setNumThreads, type Tensor, tidy } from "@dsbm/torch";
import { beforeAll, describe, expect, it } from "vitest";
import { trainConfig } from "../../../../test/support/problem.js";
import { scratch } from "../../../../test/support/scratch.js";
import { testRows } from "../src/dataset.js";
import { type Datasets, loadDatasets } from "../src/datasets.js";

const folder = scratch();
beforeAll(() => setNumThreads(1));

/** Squares of 16×16 at time 0, and the data of the arguments at time 1; inside a scope. */
function withDatasets(words: readonly string[], check: (data: Datasets) => void) {
  tidy(() => {
    const data = loadDatasets(trainConfig("dataset=synthetic", ...words));
    try {
      check(data);
    } finally {
      data.dispose();
    }
  });
}

const n = 4000;
/** Mean and standard deviation of each pixel. */
const moments = (x: Tensor) => ({
  mean: x.mean([0]).flatten().toNumbers(),
  std: x
    .std({ dim: [0] })
    .flatten()
    .toNumbers(),
});

/** Expects draws of the Gaussian end to have these moments in every pixel, within six standard errors. */
function expectLaw({ x0, x1 }: Datasets, want: { mean: number[]; std: number[] }) {
  const like = x0.train.narrow(0, 0, 1).expand([n, 1, 16, 16]);
  const got = moments(x1.decode(like, { end: "x1", generator: stream(1, "law") }));
  expect(got.mean).toHaveLength(256);
  got.mean.forEach((mean, i) => {
    const std = want.std[i];
    expect(Math.abs(mean - want.mean[i])).toBeLessThanOrEqual((6 * std) / Math.sqrt(n) + 1e-6);
    expect(Math.abs(got.std[i] - std)).toBeLessThanOrEqual((6 * std) / Math.sqrt(2 * n) + 1e-6);
  });
}

const constantImage = (value: number) => Array.from({ length: 256 }, () => value);
const ofData = ({ x0 }: Datasets) => moments(decodeImages(x0.train).to("float64"));

describe("the Gaussian at time 1", () => {
  it("is N(mean_final, var_final)", () =>
    withDatasets(["transfer=false", "mean_final=0.3", "var_final=4"], (data) =>
      expectLaw(data, { mean: constantImage(0.3), std: constantImage(2) }),
    ));

  it("has the data's mean in each pixel with adaptive_mean", () =>
    withDatasets(["transfer=false", "adaptive_mean=true", "var_final=0.25"], (data) => {
      const { mean } = ofData(data);
      expect(Math.max(...mean) - Math.min(...mean)).toBeGreaterThan(0.3);
      expectLaw(data, { mean, std: constantImage(0.5) });
    }));

  it("has the data's mean and variance in each pixel with final_adaptive", () =>
    withDatasets(["transfer=false", "final_adaptive=true"], (data) =>
      expectLaw(data, ofData(data)),
    ));
});

describe("data.random_flip", () => {
  it("mirrors images in training, and held-out ones never", () =>
    withDatasets(["data.random_flip=true"], ({ x0 }) => {
      const rows = x0.train.narrow(0, 0, 64);
      const plain = decodeImages(rows);
      const seen = x0.decode(rows, { end: "x0", generator: stream(1, "flip") });
      const same = (a: Tensor, b: Tensor) => a.eq(b).flatten({ startDim: 1 }).all(1);
      const kept = same(seen, plain);
      const mirrored = same(seen, plain.flip([3]));
      expect(kept.logicalOr(mirrored).all().item()).toBe(true);
      for (const some of [kept, mirrored]) {
        const count = some.to("float32").sum().item();
        expect(Math.abs(count - 32)).toBeLessThan(20);
      }
      const held = decodeImages(x0.test.narrow(0, 0, 64));
      expect(testRows(x0, 64, 1).eq(held).all().item()).toBe(true);
    }));
});

it("two of few samples are held out, and a run with too few is refused before training", async () => {
  for (const n of [3, 4, 7]) {
    const path = join(folder, `${n}.npy`);
    writeFileSync(path, io.encodeNpy(tidy(() => ones([n, 2]).cumsum(0))));
    const words = [`Dataset=array:${path}`, `Dataset_transfer=array:${path}`, "data.dim=2"];
    const load = () => loadDatasets(trainConfig("dataset=vectors", ...words));
    if (n < 4) expect(load).toThrow(/1 sample held out of 3; metrics need 2 or more/);
    else {
      const ends = load();
      expect([ends.x0.train.size(0), ends.x0.test.size(0)]).toEqual([n - 2, 2]);
      ends.dispose();
    }
  }
  expect(() => trainConfig("dataset=moons", "test_npar=1")).toThrow(/test_npar: .*>= 2/);
  expect(() => trainConfig("dataset=moons", "data.n_test=1")).toThrow(/data\.n_test: .*>= 2/);
});
