// The verdict sees the middle of the paths: forward and backward states at half of the time are one distribution.
import { measureQuality } from "@dsbm/evaluation";
import { Bridge } from "@dsbm/inference";
import { setNumThreads } from "@dsbm/torch";
import { beforeAll, expect, it } from "vitest";
import { onlyRun, scratch, wordsOf } from "./cli.js";
import { runWell } from "./sample.js";

const root = scratch();
beforeAll(async () => {
  setNumThreads(1);
  await runWell(
    ...(wordsOf(`train method=gaussian_bridge dataset=gaussian data.dim=2 data.a=1 data.n_train=4000 data.n_test=1200 sigma=0.5
      num_steps=20 threads=1 plot_level=0 LOGGER=NONE`) as [string]),
    `experiments_dir=${root}`,
  );
});

/** Evaluates the run, whose backward states strictly between the ends are stretched by a factor. */
async function verdictsWith(factor: number) {
  const run = onlyRun(root) as string;
  using bridge = Bridge.open(run, { threads: 1 });
  const { sampler } = bridge;
  const plain = sampler.sample.bind(sampler);
  sampler.sample = (direction, x, options) => {
    const steps = options.grid?.steps.length ?? 0;
    const isInner = (k: number) => direction === "b" && options.path && k > 0 && k < steps;
    return plain(direction, x, {
      ...options,
      onState: (k, state, energies) =>
        options.onState(k, isInner(k) ? state.mul(factor) : state, energies),
    });
  };
  const quality = await measureQuality(run, {
    bridge,
    threads: 1,
    n: 1000,
    metrics: ["sliced_w2", "c2st", "variance_ratio", "middle"],
  });
  return {
    grades: quality?.verdicts.map(({ grade }) => grade),
    reasons: quality?.verdicts.map(({ reason }) => reason),
    middle: quality?.rows.filter(({ group }) => group === "middle"),
  };
}

it("the exact bridge between Gaussians is one distribution in the middle, and is good", async () => {
  const { grades, middle } = await verdictsWith(1);
  expect(middle?.map(({ name }) => name)).toEqual(["middle_sliced_w2", "middle_variance_ratio"]);
  const [distance, ratio] = middle ?? [];
  expect(distance?.excess?.high).toBeLessThan(0.25);
  expect(ratio?.interval?.[0]).toBeLessThan(1);
  expect(ratio?.interval?.[1]).toBeGreaterThan(1);
  expect(grades).toEqual(["good", "good"]);
});

it("a bridge whose directions pass other states in the middle is not good, though its ends are", async () => {
  const { grades, reasons, middle } = await verdictsWith(1.5);
  expect(grades).toEqual(["partial", "partial"]);
  expect(reasons?.[0]).toContain("half of the way");
  // Forward states have 1/1.5² of the backward variance.
  expect(middle?.find(({ name }) => name === "middle_variance_ratio")?.value).toBeCloseTo(0.44, 1);
});
