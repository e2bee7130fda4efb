import {
  type Batch,
  type Conditions,
  conditionsAt,
  type Decode,
  type Direction,
  type Endpoint,
  type Endpoints,
  gathered,
  type Matching,
  other,
  type Simulate,
  stream,
  targetOf,
  withMoments,
} from "@dsbm/bridge";
import { type ChunkedRun, type Generator, getNumThreads, type Tensor, tidy } from "@dsbm/torch";
import { allOf, type Part } from "../distributed/ranks.js";
import { type CompleteProblem, directionOf, firstMatching } from "../problem.js";
import type { Sampler } from "../sampler/sampler.js";
import { CacheRows } from "./cache.js";
import {
  type BatchSource,
  cutRows,
  type Making,
  matchedOrder,
  type PairOrder,
  type SourceState,
  separateOrders,
} from "./rows.js";
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

const noRows: BatchSource = {
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
}: SourceOptions): BatchSource {
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

// Rows made a batch at a time: of a first pass, or of online methods, simulated with the present
// weights.

interface StreamOptions {
  data: Endpoints;
  decode: Decode;
  /** The rows of a batch of both ends; draws from `simulate` alone. */
  rows: (batch: Endpoints) => Batch;
  simulate: Generator;
  shuffle: { x0: Generator; x1: Generator };
  matching?: Matching | null;
}

export class StreamRows implements BatchSource {
  readonly #options: StreamOptions;
  readonly #order: PairOrder;
  constructor(options: StreamOptions) {
    this.#options = options;
    const { data, shuffle, matching } = options;
    this.#order = matching
      ? matchedOrder(matching, shuffle)
      : separateOrders({ x0: data.x0.size(0), x1: data.x1.size(0) }, shuffle);
  }

  /** Every rank makes the whole batch, so that its numbers do not depend on the number of ranks. */
  batch(n: number, part: Part = allOf(n)): Batch {
    const { data, decode, rows, simulate } = this.#options;
    const order = this.#order.next(n);
    const rowsOf = (end: Endpoint) => order[end].to({ device: data[end].device });
    const index = { x0: rowsOf("x0"), x1: rowsOf("x1") };
    const batch = gathered(data, (end) => index[end], { decode, generator: simulate });
    const known = order.known?.to({ device: data.x0.device });
    return cutRows(rows(Object.assign(batch, { shuffled: true, known })), part);
  }

  save(): SourceState {
    return { simulate: this.#options.simulate.getState(), ...this.#order.save() };
  }

  restore(state: SourceState): Making {
    this.#options.simulate.setState(state.simulate as Uint8Array);
    this.#order.restore(state);
    return [];
  }

  dispose(): void {
    this.#order.dispose();
  }
}

// Simulates the next epochs while this epoch trains. Their network does not change in the meantime,
// and their noise has its own stream, so the numbers equal a later simulation.

type Start = (direction: Direction, x: Tensor, conditions?: Conditions) => ChunkedRun;

interface EarlyRun {
  direction: Direction;
  x: Tensor;
  run: ChunkedRun;
}

export class Prefetcher {
  readonly #start: Start;
  #last: Parameters<Start> | null = null;
  readonly #begun: EarlyRun[] = [];

  /** `start` simulates on threads of its own, and draws nothing after it returned. */
  constructor(start: Start) {
    this.#start = start;
  }

  /** The endpoints of the simulation that was begun for these samples, or of a new one. */
  readonly simulate: Simulate = (direction, x, conditions) => {
    this.#last = [direction, x, conditions];
    const [first] = this.#begun;
    if (first && (first.direction !== direction || first.x !== x)) this.stop();
    const begun = this.#begun.shift();
    if (!begun) return tidy(() => this.#start(direction, x, conditions).finish())[0];
    const [ends] = begun.run.finish();
    const copy = ends.detach(); // of the caller's scope
    ends.dispose();
    return copy;
  };

  get waiting(): number {
    return this.#begun.length;
  }

  /** Simulates `next`, the data of a later epoch, as `data` was simulated last. Returns false if it was not. */
  begin(data: Endpoints, next: Endpoints): boolean {
    if (!this.#last || this.#last[1].disposed) return false;
    const [direction, x, last] = this.#last;
    const end = (["x0", "x1"] as Endpoint[]).find((e) => data[e] === x);
    if (!end) return false;
    const conditions = next === data ? last : conditionsAt(next.conditions, end)?.values;
    const run = this.#start(direction, next[end], conditions);
    for (const t of run.outputs) t.keep();
    this.#begun.push({ direction, x: next[end], run });
    return true;
  }

  stop(): void {
    for (const { run } of this.#begun.splice(0)) run.stop();
  }
}
