// Trainings with everything that a saved state holds: caches on disk, averages, kept optimisers, dropout, conditions.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  type Conditions,
  chainEndpoints,
  chainOf,
  type Method,
  methods,
  minibatchExact,
  plainDrift,
  stream,
  uniformGrid,
  withDataMetric,
  withSplines,
} from "@dsbm/bridge";
import { MLP } from "@dsbm/nets";
import { arange, dropout, nn, type Tensor } from "@dsbm/torch";
import { afterEach, beforeEach } from "vitest";
import type { Problem } from "../src/problem.js";
import { type Fields, networkOf, tinyProblem, withFields } from "./support.js";

let folder = "";

/** Gives each test of the calling file a fresh folder for caches; returns it. */
export function useCacheFolder(): () => string {
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "dsbm-resume-"));
  });
  afterEach(() => {
    rmSync(folder, { recursive: true, force: true });
  });
  return () => folder;
}

/** A network that drops out, so that the default generator counts too. */
class DropoutNetwork extends nn.Module {
  net: MLP;
  constructor(direction: string, half = 1) {
    super();
    this.net = new MLP(2, [16, 2], { generator: stream(5, `${direction}/${half}`) });
  }
  forward(x: Tensor): Tensor {
    const h = this.net.forward(x);
    return this.training ? dropout(h, 0.2, true) : h;
  }
}

/** The same, conditioned. */
class ConditionedNetwork extends DropoutNetwork {
  override forward(x: Tensor, _t?: Tensor, { cond }: Conditions = {}): Tensor {
    return super.forward(x).mul(cond as Tensor);
  }
}

/** A problem with caches on disk. */
export const cachedProblem = (changes: Fields = {}) =>
  tinyProblem(methods.dsbm, {
    network: (d, half) => new DropoutNetwork(d, half),
    cache: { folder: join(folder, "cache"), npar: 70, batchSize: 30, refreshStride: 5 },
    emaRate: 0.9,
    emaWarmup: true,
    keepOptimizer: true,
    firstPass: 2,
    firstIteration: 2,
    firstSteps: 6,
    halfIterations: 4,
    steps: 13,
    reduction: "mean",
    repeat: 2,
    lastNoise: false,
    parametrisation: { meanMatch: false, stdTrick: false, lossScale: true },
    ...changes,
  });

/** A problem with other options of its cache. */
export const withCache = (problem: Problem, changes: object) =>
  withFields(problem, { cache: { ...problem.execution!.cache!, ...changes } });

/** Four conditions at both ends. */
function withMatchedConditions(changes: Fields = {}) {
  const { data } = cachedProblem();
  const cond = (x: Tensor) => arange(0, x.size(0)).remainder(4).reshape([-1, 1]).contiguous();
  return cachedProblem({
    data: { ...data, conditions: { x0: { cond: cond(data.x0) }, x1: { cond: cond(data.x1) } } },
    network: (d, half) => new ConditionedNetwork(d, half),
    firstCoupling: "ind",
    matchConditions: true,
    ...changes,
  });
}

/** Some rows whose partners are known. */
function withKnownPairs(changes: Fields) {
  const rows = Int32Array.from({ length: 30 }, (_, k) => k);
  const { data } = cachedProblem();
  const pairs = { x0: rows, x1: rows.map((k) => 95 - k) };
  return cachedProblem({ data: { ...data, pairs }, firstCoupling: "ind", repeat: 1, ...changes });
}

/** Rows that are no pairs: each of their names is in a file of its own. */
function withIncrements(method: Method, changes: Fields) {
  const { data } = cachedProblem();
  const cond = (x: Tensor) => x.narrow(1, 0, 1).sin().contiguous();
  return cachedProblem({
    method,
    data: { ...data, conditions: { x0: { cond: cond(data.x0) }, x1: { cond: cond(data.x1) } } },
    network: (d, half) => new ConditionedNetwork(d, half),
    firstPass: 1,
    firstCoupling: "ref",
    parametrisation: plainDrift,
    repeat: 1,
    halfIterations: 3,
    ...changes,
  });
}

/** Three marginals. */
function onChain(method: Method, changes: Fields) {
  const chain = chainOf([0, 0.3, 1]);
  const { x0, x1 } = cachedProblem().data;
  return tinyProblem(method, {
    data: chainEndpoints([{ x: x0 }, { x: x1 }, { x: x0 }], chain),
    network: networkOf(method, 2, 7, 16, chain),
    halfIterations: 3,
    emaRate: 0.9,
    batchSize: 16,
    ...changes,
  });
}

/** Problems by name; each call makes one. */
export const problems: [string, () => Problem][] = [
  ["caches, EMA, kept optimisers, dropout", () => cachedProblem()],
  [
    "renewed weights and optimisers, no EMA",
    () => cachedProblem({ keepOptimizer: false, renewNetwork: true, emaRate: null }),
  ],
  [
    "reference start, normalised caches",
    () => withCache(cachedProblem({ firstPass: 1, firstCoupling: "ref" }), { normalize: true }),
  ],
  ["noise of steps that is measured", () => cachedProblem({ stepVariance: "analytic" })],
  [
    "conditions, plans that move them",
    () => {
      const { data } = cachedProblem();
      const cond = data.x0.narrow(1, 0, 1).sin().contiguous();
      return cachedProblem({
        data: { ...data, conditions: { x0: { cond }, x1: { cond: cond.neg() } } },
        network: (d, half) => new ConditionedNetwork(d, half),
        batchCoupling: minibatchExact({ replace: false }),
      });
    },
  ],
  [
    "plans of more rows than a batch, in memory and in caches",
    () => cachedProblem({ batchCoupling: minibatchExact(), couplingRows: 40 }),
  ],
  ["pairs that share their conditions", () => withMatchedConditions()],
  ["known pairs, plans for the others", () => withKnownPairs({ batchCoupling: minibatchExact() })],
  [
    "known pairs in memory, reference start",
    () => withKnownPairs({ cache: null, firstCoupling: "ref" }),
  ],
  [
    "increments in caches, with conditions",
    () => withIncrements(methods.dsb_increments, { firstPass: 1 }),
  ],
  [
    "steps of discrete runs in caches, with conditions",
    () => withIncrements(methods.dsb({ gammas: [0.3, 0.4, 0.3] }), { grid: uniformGrid(3) }),
  ],
  ["tables in memory", () => cachedProblem({ cache: null, repeat: 1 })],
  ["a direction that learns from itself", () => cachedProblem({ sequence: ["b"], firstPass: 1 })],
  [
    "times spread as the steps of the grid",
    () =>
      cachedProblem({ times: "steps", grid: { times: [0, 0.1, 0.4, 1], steps: [0.1, 0.3, 0.6] } }),
  ],
  ["a chain", () => onChain(methods.dsbm, { batchCoupling: minibatchExact() })],
  ["a chain, online", () => onChain(methods.alpha_dsbm, { sequence: ["b"] })],
  ["a chain with masses, plans of all rows", () => onChain(methods.wfr(), { sequence: ["b"] })],
  [
    "a chain with splines",
    () => onChain(withSplines(methods.sf2m), { sequence: ["b"], halfIterations: 1 }),
  ],
  [
    "paths that follow the data",
    () => {
      const method = withDataMetric(methods.rectifiedflow, "rbf");
      return tinyProblem(method, { sequence: ["b"], halfIterations: 1, emaRate: 0.9 });
    },
  ],
  ["a learning rate that falls", () => cachedProblem({ lrSchedule: "cosine" })],
];
