// Chooses the source of a half-iteration's rows.
import {
  type Batch,
  type Direction,
  type Endpoint,
  type Endpoints,
  type Matching,
  oppositeDirection,
  type Simulate,
  stream,
  targetOf,
  withMoments,
} from "@dsbm/bridge";
import { type Generator, getNumThreads, type Tensor } from "@dsbm/torch";
import { type CompleteProblem, directionOf, firstMatching } from "../problem.js";
import type { Sampler } from "../sampler/sampler.js";
import type { BatchSource } from "./batch-source.js";
import { CacheRows } from "./cache.js";
import { Prefetcher } from "./prefetcher.js";
import { StreamRows } from "./stream.js";
import { TableRows } from "./table.js";

/** Options of `rowSource`. */
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

const noRows: BatchSource = {
  batch: () => ({}),
  save: () => ({}),
  restore: () => [],
  dispose() {},
};

/** How a half-iteration makes rows, whichever source keeps them. */
interface RowMaking {
  /** Rows of samples of both endpoints. */
  rows: (ends: Endpoints) => Batch;
  /** The stream of simulations and of draws for rows. */
  simulate: Generator;
  prefetcher: Prefetcher;
  /** The direction of the newest network, which simulates; null: no network does. */
  newest: Direction | null;
  matching: Matching | null;
}

function rowMaking({ problem, half, sampler, moments = null }: SourceOptions): RowMaking {
  const { data, process, seed, schedule } = problem;
  const { method, firstCoupling, lastNoise, teacher } = problem.method;
  const isTaught = method.rows?.simulation === "teacher";
  const direction = directionOf(problem, half);
  const isFirst =
    half <= schedule.firstPass || (method.rows?.simulation === "never" && data.pairs != null);
  const newest = isTaught ? direction : isFirst ? null : directionOf(problem, half - 1);
  const matching = newest === null ? firstMatching(problem) : null;
  const simulate = stream(seed, `simulate/${half}`, data.x0.device);
  const grid = schedule.cacheGrid;
  const prefetcher = new Prefetcher((d, start, conditions) =>
    isTaught && teacher
      ? teacher.startSimulation(d, start, { generator: simulate, conditions })
      : sampler.startSimulation(d, start, { grid, generator: simulate, lastNoise, conditions }),
  );
  const simulateEnd: Simulate = (d, start, conditions) => {
    const end = prefetcher.simulate(d, start, conditions);
    if (!moments) return end;
    const { cells } = process;
    return withMoments(end, moments[targetOf(d)], { interval: conditions?.interval, cells });
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
        sampler.simulateRuns(d, d ?? oppositeDirection(direction), start, {
          grid,
          generator: simulate,
          conditions,
        }),
    }) ?? {};
  return { rows, simulate, prefetcher, newest, matching };
}

/** Where the batches of a half-iteration come from: batches of tables, tables in memory, or a cache on disk. */
export function rowSource(options: SourceOptions): BatchSource {
  const { problem, half, refresh } = options;
  const { data, seed, execution } = problem;
  const { method } = problem.method;
  if (method.model?.fit) return noRows;
  const { rows, simulate, newest, matching, prefetcher } = rowMaking(options);
  const simulates = method.rows?.simulation === "step" && newest !== null;
  const isOnline = simulates && !execution.cache?.online;
  // Indices into tables and files are drawn on the CPU.
  const shuffle = stream(seed, `shuffle/${half}`);
  if (isOnline || (execution.cache !== null && newest === null))
    return new StreamRows({
      data,
      decode: data.decode,
      rows(batch) {
        if (isOnline) refresh();
        return rows(batch);
      },
      simulate,
      shuffle: { x0: shuffle, x1: stream(seed, `shuffle1/${half}`) },
      matching,
    });
  if (execution.cache === null)
    return tableRows(options, { rows, simulate, newest, matching, prefetcher });
  return new CacheRows({
    ...execution.cache,
    name: `${half}_${newest}`,
    data,
    decode: data.decode,
    rows,
    simulated: newest === "f" ? "x1" : "x0",
    rowsPerStart: method.rows?.runs?.perRun ?? 1,
    refresh: simulates ? refresh : null,
    simulate,
    shuffle,
    ranks: execution.ranks,
  });
}

function tableRows(
  { problem, half, batches = 1, stepsLeft }: SourceOptions,
  { rows, simulate, newest, matching, prefetcher }: RowMaking,
): TableRows {
  const { data, seed, execution } = problem;
  const { batchSize, repeat } = problem.optimisation;
  const random = (purpose: string) => stream(seed, `${purpose}/${half}`, data.x0.device);
  const isAhead =
    canRunAhead(problem) &&
    newest !== null &&
    newest !== directionOf(problem, half) &&
    getNumThreads() < execution.simulateThreads;
  const keepsAll = (problem.method.method.rows?.runs?.perRun ?? 1) > 1 || matching;
  return new TableRows({
    data,
    epoch: rows,
    batchSize: (batches * batchSize) / repeat,
    simulate,
    shuffle: random("shuffle"),
    prefetcher: isAhead ? prefetcher : null,
    stepsLeft,
    choose: keepsAll ? null : () => random("last"),
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
