// What a quality is measured of: a run with the weights that it has now, its data, and one sampler for all metrics.
import {
  type Conditions,
  type Direction,
  type Estimate,
  type Field,
  type Network,
  stream,
  type TimeGrid,
} from "@dsbm/bridge";
import type { Split } from "@dsbm/data";
import { Bridge, gridOf, type Trained } from "@dsbm/inference";
import { type DataEnd, type Ends, isVectors, loadEnds, prepareEnds } from "@dsbm/problem";
import { cores } from "@dsbm/runs";
import { randperm, setNumThreads, type Tensor, tidy } from "@dsbm/torch";
import type { Sampler } from "@dsbm/train";
import type { OpenOptions } from "./live/evaluator.js";

export interface SubjectOptions extends OpenOptions {
  /** Steps of the sampler; null: those of training. */
  steps: number | null;
  threads: number | "auto";
  device: string;
  /** Another noise than that of training, and how much conditions count; left out: as trained. */
  diffusion?: number | null;
  guidance?: number;
  /** Of the rows that are taken of a table. */
  seed: number;
  /** The data of the run, where they are loaded already; they stay the caller's. */
  ends?: Ends | undefined;
}

export interface Subject extends Disposable {
  bridge: Bridge;
  trained: Trained;
  networks: Record<Direction, Network | null>;
  sampler: Sampler;
  ends: Ends;
  grid: TimeGrid;
  vectors: boolean;
  /** What a distance of 1 between samples as networks take them is in the units of metrics over several columns. */
  unit: number;
  /** Names of the columns; null where the data have none. */
  names: readonly string[] | null;
  /** Rows of an end in the data's own units: columns of a table, or the values that networks take. */
  own(side: "x0" | "x1", rows: Tensor): Tensor;
  /** The drift that a direction follows; null where it has no network, and for steps without a drift. */
  drift(direction: Direction, given: Conditions | undefined): Field | null;
  /** The velocity of the probability flow in process time; null where the method has none. */
  velocity(given: Conditions | undefined): Field | null;
  /** The same of all rows at once, with gradients. */
  flow(given: Conditions | undefined): Field | null;
}

/**
 * Opens a run in any state that has weights, and its data. Throws a RunError or UsageError for what is no run or has no
 * weights, and the errors of its data.
 */
export async function openSubject(folder: string, options: SubjectOptions): Promise<Subject> {
  const { steps, device, progress, signal, diffusion = null, guidance = 1 } = options;
  const threads = options.threads === "auto" ? cores() : options.threads;
  setNumThreads(threads);
  const bridge = Bridge.open(folder, { device, threads, diffusion, guidance });
  const { trained, networks, sampler } = bridge;
  const { config } = trained;
  if (!options.ends) await prepareEnds(config, { progress, signal });
  const own = options.ends ?? loadEnds(config);
  const { ends, orders } = inRandomOrder(own, options.seed);
  return {
    ...{ bridge, trained, networks, sampler, ends, grid: gridOf(trained, steps) },
    vectors: isVectors(ends),
    unit: unitOf(ends),
    names: ends.columns?.names ?? null,
    own(side, rows) {
      const { shown } = ends[side];
      return shown && !ends.projection ? shown(rows) : rows;
    },
    drift: (direction, given) => bridge.drift(direction, given),
    velocity: (given) => bridge.velocity(given),
    flow: (given) => bridge.flow(given),
    [Symbol.dispose]() {
      bridge.dispose();
      disposeAll(orders);
      if (!options.ends) own.dispose();
    },
  };
}

/** Ends whose tables are taken in a random order: some are sorted, and a part of them is no sample of the whole. */
function inRandomOrder(ends: Ends, seed: number): { ends: Ends; orders: Tensor[] } {
  const orders: Tensor[] = [];
  const shuffled = (end: DataEnd, side: string): DataEnd => {
    const of = (split: Split) => {
      const table = end[split];
      const known = end.order[split];
      if (known) return known;
      const generator = stream(seed, `quality/order/${side}/${split}`);
      const order = randperm(table.size(0), { generator }).to({ device: table.device }).keep();
      orders.push(order);
      return order;
    };
    return { ...end, order: { train: of("train"), test: of("test") } };
  };
  return {
    orders,
    ends: {
      ...ends,
      x0: shuffled(ends.x0, "x0"),
      between: ends.between.map((end, i) => shuffled(end, `between/${i}`)),
      x1: shuffled(ends.x1, "x1"),
    },
  };
}

/** The one deviation that all columns were divided by; 1 where each has its own. */
function unitOf({ columns }: Ends): number {
  if (columns?.transform.standardise !== "global") return 1;
  // Of constant columns the deviation is 0.
  return Math.max(...columns.transform.std) || 1;
}

/** Frees tensors of a table of them. */
export function disposeAll(tensors: Iterable<Tensor | null | undefined>): void {
  for (const t of tensors) t?.dispose();
}

/** An estimate in a unit of which one is so much. */
export const scaled = ({ value, low, high }: Estimate, unit: number): Estimate => ({
  ...{ value: value * unit, low: low * unit, high: high * unit },
});

/** A tensor out of the present scope, on the processor. */
export const kept = (make: () => Tensor): Tensor =>
  tidy(() => make().to({ device: "cpu" }).clone().keep());
