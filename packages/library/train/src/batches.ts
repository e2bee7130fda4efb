import {
  alongSplines,
  type Batch,
  type BatchCoupling,
  conditionsAt,
  countRows,
  coupleUnknownRows,
  coupleWithinGroups,
  drawWholePlans,
  type Endpoint,
  mapBatch,
  type Pairs,
  targetOf,
  tensorsOf,
  withinIntervals,
  withoutKnownMark,
} from "@dsbm/bridge";
import type { Generator, Tensor } from "@dsbm/torch";
import { allRowsOf, type BatchShare, batchShare } from "./distributed/ranks.js";
import { type CompleteProblem, directionOf } from "./problem.js";
import {
  type BatchSource,
  cutRows,
  keptRows,
  type ProgressSteps,
  type SourceState,
} from "./rows/batch-source.js";
import { PooledRows } from "./rows/pooled.js";
import { RowOrder, type RowOrderState } from "./rows/row-order.js";
import { rowSource, type SourceOptions } from "./rows/source.js";
import { simulatedMoments } from "./state/begin-network.js";

interface BatchesOptions extends Pick<SourceOptions, "problem" | "half" | "sampler" | "refresh"> {
  pairing: Generator;
  stepsLeft: () => number;
}

/** The batches of a half-iteration, paired by minibatch OT if the method asks for it. */
export class Batches {
  /** Where the rows come from. */
  readonly source: BatchSource;
  /** This rank's share of each batch. */
  readonly share: BatchShare;
  readonly #problem: CompleteProblem;
  readonly #pairing: Generator;
  readonly #couple: BatchCoupling | null;
  readonly #conditionsOf: Endpoint;
  readonly #moments: Record<Endpoint, Tensor> | null;

  constructor({ pairing, stepsLeft, ...options }: BatchesOptions) {
    const { problem, half } = options;
    this.#problem = problem;
    this.#pairing = pairing;
    this.share = batchShare(problem);
    this.#conditionsOf =
      conditionsAt(problem.data.conditions, targetOf(directionOf(problem, half)))?.of ?? "x0";
    const draw = wholePlanDraw(problem, this.#conditionsOf);
    if (draw) {
      this.#couple = null;
      this.#moments = null;
      this.source = new WholeRows(() => draw(pairing), pairing);
      return;
    }
    const couple = couplingOf(problem, half);
    const batches = couple ? batchesOfPool(problem) : 1;
    this.#moments = half > problem.schedule.firstPass ? simulatedMoments(problem) : null;
    const source = rowSource({
      ...options,
      moments: this.#moments,
      batches,
      stepsLeft: () => Math.ceil(stepsLeft() / batches),
    });
    this.#couple = batches > 1 ? null : couple;
    this.source =
      couple && batches > 1
        ? new PooledRows({
            source,
            couple,
            pairing,
            rows: batches * this.share.pairs,
            conditionsOf: this.#conditionsOf,
          })
        : source;
  }

  /** This rank's share of the next batch. */
  next(): Batch {
    const batch = this.source.batch(this.share.pairs, this.share.part);
    return withoutKnownMark(this.#couple ? this.#paired(batch as Pairs, this.#couple) : batch);
  }

  /** Ranks that share a batch pair it whole: plans of parts would be another method. */
  #paired(batch: Pairs, coupling: BatchCoupling): Batch {
    const { part, pairs, among } = this.share;
    const { ranks } = this.#problem.execution;
    const couple = coupleUnknownRows(coupling);
    if (among === 1) return couple(batch, this.#pairing, this.#conditionsOf);
    const counts = Array.from({ length: among }, (_, rank) => ranks.part(pairs, rank).count);
    const whole = mapBatch(batch, (t) => ranks.gather(t, counts));
    return cutRows(couple(whole, this.#pairing, this.#conditionsOf), part);
  }

  dispose(): void {
    this.source.dispose();
    for (const t of Object.values(this.#moments ?? {})) t.dispose();
  }
}

function couplingOf(problem: CompleteProblem, half: number): BatchCoupling | null {
  const { method, batchCoupling, matchConditions } = problem.method;
  const isFirst = half <= problem.schedule.firstPass && method.rows?.pairs;
  const couple = method.rows?.coupling
    ? (batchCoupling ?? method.rows.coupling(problem.process, problem.data.chain))
    : isFirst && batchCoupling;
  if (!couple) return null;
  if (matchConditions) return coupleWithinGroups(couple);
  const { chain } = problem.data;
  if (!chain) return couple;
  const smooth = method.rows?.smooth;
  return smooth ? alongSplines(couple, chain, smooth) : withinIntervals(couple);
}

/** Pairs that are drawn at once: some for each row. */
const drawnPairs = 2 ** 16;

/** Plans between more rows take too long and too much memory. */
const mostRows = 2048;

/** Null if rows are paired in batches. */
function wholePlanDraw({ data, method: problem, process }: CompleteProblem, of: Endpoint) {
  const { rows } = problem.method;
  const isOwn = problem.batchCoupling === null && !data.pairs;
  if (!rows?.wholePlans || !rows.coupling || !isOwn || problem.matchConditions) return null;
  return drawWholePlans(rows.coupling(process, data.chain), data, {
    of,
    count: drawnPairs,
    most: Math.min(problem.couplingRows ?? mostRows, mostRows),
  });
}

function batchesOfPool({ data, method, optimisation }: CompleteProblem): number {
  const rows = Math.min(method.couplingRows ?? 0, data.x0.size(0), data.x1.size(0));
  return Math.max(1, Math.floor((rows * optimisation.repeat) / optimisation.batchSize));
}

class WholeRows implements BatchSource {
  readonly #draw: () => Pairs;
  readonly #pairing: Generator;
  readonly #begin: Uint8Array;
  #pairs: Batch = {};
  #order: RowOrder | null = null;

  /** `draw` draws all pairs, from `pairing` alone. */
  constructor(draw: () => Pairs, pairing: Generator) {
    this.#draw = draw;
    this.#pairing = pairing;
    this.#begin = pairing.getState();
  }

  #drawOnce(): RowOrder {
    if (this.#order) return this.#order;
    this.#pairs = keptRows(this.#draw);
    this.#order = new RowOrder(countRows(this.#pairs), this.#pairing);
    return this.#order;
  }

  batch(n: number, part = allRowsOf(n)): Batch {
    const order = this.#drawOnce().next(n);
    return mapBatch(cutRows(this.#pairs, allRowsOf(countRows(this.#pairs))), (t) =>
      t.indexSelect(0, order.narrow(0, part.start, part.count).to({ device: t.device })),
    );
  }

  save(): SourceState {
    return { pairing: this.#begin, order: this.#order?.save() ?? null };
  }

  restore({ pairing, order }: SourceState): ProgressSteps {
    this.#drop();
    this.#pairing.setState(pairing as Uint8Array);
    if (order !== null) this.#drawOnce().restore(order as RowOrderState);
    return [];
  }

  dispose(): void {
    this.#drop();
  }

  #drop(): void {
    for (const t of tensorsOf(this.#pairs)) t.dispose();
    this.#pairs = {};
    this.#order?.dispose();
    this.#order = null;
  }
}
