import {
  type Batch,
  type Endpoint,
  type Endpoints,
  other,
  type Simulate,
  stream,
  targetOf,
  withMoments,
} from "@dsbm/bridge";
import { getNumThreads, type Tensor } from "@dsbm/torch";
import { type CompleteProblem, directionOf } from "../problem.js";
import type { Sampler } from "../sampler/sampler.js";
import { CacheRows } from "./cache.js";
import { firstMatching } from "./first-matching.js";
import { Prefetcher } from "./prefetcher.js";
import type { RowSource } from "./rows.js";
import { StreamRows } from "./stream.js";
import { TableRows } from "./table.js";

export interface SourceOptions {
  problem: CompleteProblem;
  half: number;
  sampler: Sampler;
  /** Gives the sampler the present weights; online methods call it before each batch. */
  refresh: () => void;
  /** Moments for simulated endpoints. */
  moments?: Record<Endpoint, Tensor> | null;
  /** Batches that are taken at once (default 1). */
  batches?: number;
  stepsLeft: () => number;
}

const noRows: RowSource = {
  due: () => false,
  make: () => [],
  batch: () => ({}),
  save: () => ({}),
  restore: () => [],
  dispose() {},
};

export function rowSource({
  problem,
  half,
  sampler,
  refresh,
  moments = null,
  batches = 1,
  stepsLeft,
}: SourceOptions): RowSource {
  const { data, process, seed, schedule, execution } = problem;
  const { decode } = data;
  const { method, firstCoupling, lastNoise } = problem.method;
  const { batchSize, repeat } = problem.optimisation;
  const direction = directionOf(problem, half);
  const isFirst =
    half <= schedule.firstPass || (method.rows?.simulation === "never" && data.pairs != null);
  const newest = isFirst ? null : directionOf(problem, half - 1);
  const matching = newest === null ? firstMatching(problem) : null;
  const random = (purpose: string) => stream(seed, `${purpose}/${half}`, data.x0.device);
  const simulate = random("simulate");
  const grid = schedule.cacheGrid;
  const prefetcher = new Prefetcher((d, start, conditions) =>
    sampler.start(d, start, { grid, generator: simulate, lastNoise, conditions }),
  );
  const simulateEnd: Simulate = (d, start, conditions) => {
    const end = prefetcher.simulate(d, start, conditions);
    return moments ? withMoments(end, moments[targetOf(d)], conditions?.interval) : end;
  };
  const rows = (ends: Endpoints): Batch =>
    method.rows?.make({
      direction,
      newest,
      data: ends,
      process,
      firstCoupling,
      matching,
      generator: simulate,
      simulate: simulateEnd,
      simulateRuns: (d, start, conditions) =>
        sampler.runs(d, d ?? other(direction), start, { grid, generator: simulate, conditions }),
    }) ?? {};
  if (method.model?.fit) return noRows;
  const simulates = method.rows?.simulation === "step" && newest !== null;
  const isOnline = simulates && !execution.cache?.online;
  // Indices into tables and files are drawn on the CPU.
  const shuffle = stream(seed, `shuffle/${half}`);
  if (isOnline || (execution.cache !== null && newest === null))
    return new StreamRows({
      data,
      decode,
      rows(batch) {
        if (isOnline) refresh();
        return rows(batch);
      },
      simulate,
      shuffle: { x0: shuffle, x1: stream(seed, `shuffle1/${half}`) },
      matching,
    });
  if (execution.cache === null)
    return new TableRows({
      data,
      epoch: rows,
      batchSize: (batches * batchSize) / repeat,
      simulate,
      shuffle: random("shuffle"),
      prefetcher:
        canRunAhead(problem) &&
        newest !== null &&
        newest !== direction &&
        getNumThreads() < execution.simulateThreads
          ? prefetcher
          : null,
      stepsLeft,
      choose: (method.rows?.runs?.perRun ?? 1) > 1 || matching ? null : () => random("last"),
    });
  return new CacheRows({
    ...execution.cache,
    name: `${half}_${newest}`,
    data,
    decode,
    rows,
    simulated: newest === "f" ? "x1" : "x0",
    rowsPerStart: method.rows?.runs?.perRun ?? 1,
    refresh: simulates ? refresh : null,
    simulate,
    shuffle,
    ranks: execution.ranks,
  });
}

/** Whether rows can be simulated during training: their network does not change in the meantime. */
export function canRunAhead({ method: { method }, data, execution }: CompleteProblem): boolean {
  const { cache, simulateThreads } = execution;
  const standing =
    method.networks === "each" &&
    method.rows?.pairs === true &&
    method.rows.simulation !== "step" &&
    cache === null;
  return standing && data.x0.device === "cpu" && simulateThreads > 1;
}
