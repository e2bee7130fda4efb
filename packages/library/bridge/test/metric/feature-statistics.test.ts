// Statistics by batches against the whole at once, far from zero too; and their files, NumPy's among them.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { io, setNumThreads, zeros } from "@dsbm/torch";
import { zipSync } from "fflate";
import { beforeAll, describe, expect, it } from "vitest";
import { distance, normal } from "../../../../../test/support/numbers.js";
import { scratch } from "../../../../../test/support/scratch.js";
import { FeatureStatistics } from "../../src/metric/feature-statistics.js";
import { loadStatistics } from "../../src/metric/statistics-file.js";

beforeAll(() => setNumThreads(1));
const folder = scratch();

const fixture = (name: string) => new URL(`fixtures/${name}.npz`, import.meta.url).pathname;

describe("FeatureStatistics", () => {
  it("gives the mean and the unbiased covariance, whatever the batches", () => {
    const x = normal([100, 7], 1);
    const mean = x.mean(0);
    const covariance = x.t().cov();
    for (const sizes of [[100], [1, 1, 98], [33, 0, 33, 34], Array(100).fill(1)]) {
      using statistics = new FeatureStatistics(7);
      let start = 0;
      for (const size of sizes) {
        statistics.update(x.narrow(0, start, size));
        start += size;
      }
      expect(statistics.n).toBe(100);
      const got = statistics.gaussian();
      expect(distance(got.mean, mean)).toBeLessThan(1e-15);
      expect(distance(got.covariance, covariance)).toBeLessThan(1e-14);
    }
  });

  it("does not lose digits to a mean far from zero", () => {
    const x = normal([400, 3], 2);
    using near = new FeatureStatistics(3).update(x);
    using far = new FeatureStatistics(3);
    for (const rows of x.add(1e6).split(50)) far.update(rows);
    // Rounding the samples at 10⁶ costs 10⁻¹⁰ itself; sums of squares would cost 10⁻⁴.
    expect(distance(far.gaussian().covariance, near.gaussian().covariance)).toBeLessThan(1e-9);
  });
});

describe("a file of statistics", () => {
  it("is read as NumPy writes it, plain, compressed and in Fortran order", () => {
    const full = loadStatistics(fixture("full"));
    expect([full.mean.dtype, full.mean.shape, full.covariance.shape]).toEqual([
      "float64",
      [12],
      [12, 12],
    ]);
    expect(full.mean.select(0, 0).item()).toBe(0.9315116239524851);
    expect(full.covariance.select(0, 0).select(0, 1).item()).toBe(0.1589331153835377);
    expect(full.n).toBeNull();
    const compressed = loadStatistics(fixture("compressed"));
    expect(distance(compressed.covariance, compressed.covariance.t())).toBeLessThan(1e-14);
    expect(distance(compressed.covariance, full.covariance)).toBeGreaterThan(1);
  });

  it("says in one line what is wrong with it", () => {
    const path = join(folder, "wrong.npz");
    const npy = (shape: number[], value = 1) => io.encodeNpy(zeros(shape).add(value));
    /** The last number of sigma changed by a bit. */
    const flipped = (bytes: Uint8Array) => {
      const at = Buffer.from(bytes).indexOf(Buffer.from("PK\x01\x02")) - 1;
      return bytes.with(at, bytes[at] ^ 1);
    };
    const failing: [Uint8Array, RegExp][] = [
      [new TextEncoder().encode("mu"), /wrong\.npz: no readable \.npz file/],
      [readFileSync(fixture("full")).subarray(0, 900), /no readable \.npz file/],
      [zipSync({ "mu.npy": npy([3]) }), /wrong\.npz: has no array sigma; expected the statistics/],
      [zipSync({ "mu.npy": npy([3]), "sigma.npy": npy([3, 4]) }), /mu has shape \[3\] .* \[3,4\]/],
      [
        flipped(zipSync({ "mu.npy": npy([3]), "sigma.npy": npy([3, 3]) }, { level: 0 })),
        /checksum/,
      ],
      [zipSync({ "mu.npy": npy([0]), "sigma.npy": npy([0, 0]) }), /expected \[d\] and \[d, d\]/],
      [zipSync({ "mu.npy": npy([2], Number.NaN), "sigma.npy": npy([2, 2]) }), /mu has values/],
      [zipSync({ "mu.npy": npy([2]).subarray(0, 130), "sigma.npy": npy([2, 2]) }), /\(mu\): 130/],
    ];
    for (const [bytes, message] of failing) {
      writeFileSync(path, bytes);
      expect(() => loadStatistics(path)).toThrow(message);
      expect(() => loadStatistics(path)).not.toThrow(/\n/);
    }
    expect(() => loadStatistics(2 as never)).toThrow(/^2: no readable/);
    expect(() => loadStatistics("/dev/null")).toThrow(/not a regular file/);
    expect(() => loadStatistics(join(folder, "none.npz"))).toThrow(/none\.npz: .*ENOENT/);
  });
});
