// What the keys of a run become: the process, its schedule, and the problem of the training.
import { chainOf, type StepContext } from "@dsbm/bridge";
import { type Datasets, loadDatasets } from "@dsbm/datasets";
import { setNumThreads, type Tensor, tidy, zeros } from "@dsbm/torch";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { trainConfig } from "../../../../test/support/problem.js";
import { wordsOf } from "../../../../test/support/words.js";
import { bridgeProcess } from "../src/process.js";
import { trainingProblem } from "../src/training-problem.js";

describe("the description of a run", () => {
  it("names the law of times and the schedule of the learning rate", () => {
    const said = (...words: string[]) => {
      const config = trainConfig("dataset=synthetic", ...words);
      const data = loadDatasets(config);
      const { schedule, optimisation } = trainingProblem(config, data, { cacheFolder: "none" });
      data.dispose();
      return [schedule.times, optimisation?.lrSchedule];
    };
    expect(said()).toEqual(["uniform", "constant"]);
    expect(said("time_sampling=mixed")).toEqual(["mixed", "constant"]);
    expect(said("time_sampling=schedule", "lr_schedule=cosine")).toEqual(["steps", "cosine"]);
  });
});

describe("the process of a run", () => {
  it("has the variance that the steps add up to, and steps in their proportion", () => {
    const words = ["num_steps=30", "gamma_min=0.034", "gamma_max=0.034"];
    const { process, grid, eps, lastNoise } = bridgeProcess(trainConfig(...words));
    expect(process.name).toBe("brownian");
    expect(process.sigma).toBeCloseTo(Math.sqrt(30 * 0.034), 12);
    expect(grid.steps).toHaveLength(30);
    for (const dt of grid.steps) expect(dt).toBeCloseTo(1 / 30, 12);
    expect([eps, lastNoise]).toEqual([1e-4, false]);
    const growing = bridgeProcess(trainConfig("num_steps=3", "gamma_min=0.1", "gamma_max=0.3"));
    expect(growing.process.sigma).toBeCloseTo(Math.sqrt(0.6), 12);
    growing.grid.steps.forEach((dt, k) => {
      expect(dt).toBeCloseTo((k + 1) / 6, 12);
    });
  });

  it("is an Ornstein–Uhlenbeck process with method=dbdsb_vp", () => {
    const vp = bridgeProcess(trainConfig("method=dbdsb_vp"));
    expect(vp.process.name).toBe("ornstein-uhlenbeck");
    expect(vp.parametrisation).toEqual({ meanMatch: true, stdTrick: false, lossScale: false });
  });
});

describe("the problem of a run", () => {
  let data: Datasets;
  beforeAll(() => {
    setNumThreads(1);
    data = loadDatasets(trainConfig("dataset=synthetic"));
  });
  afterAll(() => data.dispose());
  const problem = (...words: string[]) =>
    trainingProblem(trainConfig("dataset=synthetic", ...words), data, { cacheFolder: "cache" });

  it("starts each direction on independent pairs with first_coupling=ind, the first one from the reference with ref", () => {
    const ind = problem("first_coupling=ind");
    const ref = problem("first_coupling=ref");
    expect([ind.method.firstCoupling, ind.schedule.firstPass]).toEqual(["ind", 2]);
    expect([ref.method.firstCoupling, ref.schedule.firstPass]).toEqual(["ref", 1]);
    const dsb = problem("method=dsb", "first_coupling=ind", "gamma_max=0.034");
    expect(dsb.schedule.firstPass).toBe(1);
    const matched = problem("first_coupling=ind", "model.class_cond=true", "match_conditions=true");
    expect([ind, matched].map((p) => p.method.matchConditions)).toEqual([false, true]);
    for (const [words, wanted] of [
      [["first_coupling=ref"], false],
      [["method=dsb", "first_coupling=ind", "gamma_max=0.034"], false],
      [["transfer=false", "first_coupling=ind"], false],
      [["method=rf"], true],
    ] as const) {
      const given = problem(...words, "model.class_cond=true", "match_conditions=true");
      expect(given.method.matchConditions, `${words}`).toBe(wanted);
    }
  });

  it("has noise around the paths of a flow if it is given, or if they join a course", () => {
    const gaussian = ["dataset=gaussian_best", "data.dim=2", "method=otcfm"];
    const distance = (from: Datasets, ...words: string[]) => {
      const config = trainConfig(...gaussian, ...words);
      const { method } = trainingProblem(config, from, { cacheFolder: "cache" }).method;
      return tidy(() => {
        const pairs = { x0: zeros([8, 2]), x1: zeros([8, 2]) };
        const t = zeros([8]);
        const at = { t, direction: "f", noise: (like: Tensor) => like.onesLike() };
        return method.regression!(pairs, at as unknown as StepContext)
          .x.max()
          .item();
      });
    };
    const two = loadDatasets(trainConfig(...gaussian));
    expect(distance(two)).toBe(0);
    expect(distance(two, "path_noise=0.25")).toBe(0.25);
    const course = { ...two, chain: chainOf([0, 1]) };
    expect(distance(course)).toBeGreaterThan(0.001);
    expect(distance(course, "path_noise=0")).toBe(0);
    two.dispose();
  });

  it("trains both directions in an iteration, flows one field, with more steps in the first", () => {
    const words = ["n_ipf=3", "num_iter=7", "first_num_iter=20"];
    expect(problem(...words).schedule).toMatchObject({
      sequence: ["b", "f"],
      halfIterations: 6,
      firstIteration: 2,
      firstSteps: 20,
      steps: 7,
    });
    const flow = problem("method=rf", ...words).schedule;
    expect(flow).toMatchObject({ sequence: ["b"], halfIterations: 3 });
  });

  it("passes the keys of optimiser, averages, repetition and caches on", () => {
    const words = wordsOf(`
      optimizer=AdamW weight_decay=0.01 lr=3e-4 grad_clip=2 ema_rate=0.9 use_prev_net=false batch_size=16
      num_repeat_data=2 cache_npar=96 cache_batch_size=48 cache_refresh_stride=5 cache_num_steps=4 seed=9
    `);
    const found = problem(...words);
    const optimiser = { optimizer: "AdamW", weightDecay: 0.01, lr: 3e-4, gradClip: 2 };
    const network = { emaRate: 0.9, keepOptimizer: false, renewNetwork: true };
    const rows = { batchSize: 16, repeat: 2, reduction: "mean" };
    expect(found.optimisation).toMatchObject({ ...optimiser, ...network, ...rows });
    expect(found.seed).toBe(9);
    const cache = { npar: 96, batchSize: 48, refreshStride: 5, normalize: false };
    expect(found.execution?.cache).toMatchObject(cache);
    expect(found.schedule.cacheGrid?.steps).toHaveLength(4);
    const other = problem("ema=false", "use_prev_net=true", "grad_clip=null");
    expect(other.optimisation).toMatchObject({
      emaRate: null,
      keepOptimizer: true,
      renewNetwork: false,
      gradClip: null,
    });
  });
});
