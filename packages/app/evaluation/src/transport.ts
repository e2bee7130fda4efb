import {
  type Conditions,
  type Direction,
  mapConditions,
  PathEnergy,
  rowsByMass,
  sourceOf,
  type TimeGrid,
  targetOf,
} from "@dsbm/bridge";
import type { Bridge, SampleOptions } from "@dsbm/inference";
import { testConditions, testRows } from "@dsbm/problem";
import { cat, type Tensor, tidy } from "@dsbm/torch";
import { timesOf } from "@dsbm/train";
import { checkEnds } from "./finite.js";
import type { Measuring } from "./measuring.js";
import type { Metric, SampleSet } from "./metric.js";
import { disposeAll, kept } from "./subject.js";

/** The kind of a sampler. */
type Solver = NonNullable<SampleOptions["solver"]>;

/** How rows are transported. */
export interface Sampling extends Pick<SampleOptions, "ode_tol" | "ode_step_size"> {
  solver: Solver;
  grid: TimeGrid;
  /** Rows at a time (default: all). */
  batch?: number;
}

export interface TransportOptions {
  sampling: Sampling;
  seed: number;
  purpose: string;
  given: Conditions | undefined;
  label: string;
  progress: Measuring["options"]["progress"];
  signal: AbortSignal | undefined;
  /** Called with each state of a batch. The state is freed afterwards. */
  visit?: ((k: number, state: Tensor, weights: Tensor | null) => void) | undefined;
}

export interface Transported {
  /** [n, …] on the processor; the caller owns it. */
  end: Tensor;
  /** Masses [n] at the endpoint of a method with growth; the caller owns them. */
  weights: Tensor | null;
  /** Network evaluations per row. */
  nfe: number;
  batches: number;
}

/** Transports rows x [n, …] to the other endpoint. Returns null if `signal` stopped it. */
export async function transport(
  bridge: Bridge,
  direction: Direction,
  x: Tensor,
  { sampling, seed, purpose, visit, given, label, progress, signal }: TransportOptions,
): Promise<Transported | null> {
  const { batch = x.size(0), solver, grid, ode_tol = null, ode_step_size = null } = sampling;
  const ends: Tensor[] = [];
  const masses: Tensor[] = [];
  let evaluations = 0;
  try {
    for (let first = 0; first < x.size(0); first += batch) {
      progress.update({ label, step: first, steps: x.size(0) });
      const cut = (t: Tensor) => t.narrow(0, first, Math.min(batch, x.size(0) - first)).keep();
      const rows = tidy(() => ({ x: cut(x), given: mapConditions(given, cut) }));
      const found = await bridge
        .sample(rows.x, {
          solver,
          grid,
          ode_tol,
          ode_step_size,
          direction,
          seed,
          purpose,
          first,
          given: rows.given,
          signal,
          ...(visit && { onState: (state, { k, weights }) => visit(k, state, weights) }),
        })
        .finally(() => disposeAll([rows.x, ...Object.values(rows.given ?? {})]));
      ends.push(found.x);
      if (found.weights) masses.push(found.weights);
      evaluations += found.nfe * Math.min(batch, x.size(0) - first);
    }
    return {
      end: kept(() => cat(ends)),
      weights: masses.length > 0 ? kept(() => cat(masses)) : null,
      nfe: evaluations / x.size(0),
      batches: ends.length,
    };
  } catch (error) {
    if (signal?.aborted && error === signal.reason) return null;
    throw error;
  } finally {
    disposeAll([...ends, ...masses]);
  }
}

/** Samples [n, …] drawn by mass. */
export const byMass = (x: Tensor, weights: Tensor | null): Tensor =>
  weights ? x.indexSelect(0, rowsByMass(weights)) : x;

/** A set with the cost of its transport; dispose it. */
export interface CollectedSamples extends Disposable {
  set: SampleSet;
  nfe: number;
  batches: number;
  seconds: number;
}

export interface CollectOptions {
  sampling: Sampling;
  /** Their states are kept in the set. */
  metrics: readonly Metric[];
  /** The half-iteration of the generating parameters; null if unknown. */
  half: number | null;
}

/** Returns null if it was stopped. Throws a DivergedError for NaN and infinite samples. */
export async function collectSamples(
  context: Measuring,
  direction: Direction,
  { sampling, metrics, half }: CollectOptions,
): Promise<CollectedSamples | null> {
  const { subject, options } = context;
  const { ends } = subject;
  const { split, seed, progress, signal } = options;
  const from = sourceOf(direction);
  const side = targetOf(direction);
  const tensors: Tensor[] = [];
  const keep = (make: () => Tensor) => {
    const t = kept(make);
    tensors.push(t);
    return t;
  };
  // The reserve of held-out rows is training rows; the reserve of training rows is further training
  // rows.
  const isHeldOut = split === "test";
  const total = Math.min(2 * options.n, ends[side].train.size(0));
  const m = isHeldOut ? options.n : Math.floor(total / 2);
  const spare = isHeldOut ? Math.min(4 * options.n, ends[side].train.size(0)) : total - m;
  const n = Math.min(options.n, ends[from][split].size(0), spare);
  let reserve: Tensor | null = null;
  let energy: PathEnergy | null = null;
  const dispose = () => {
    disposeAll(tensors);
    energy?.dispose();
  };
  try {
    const data = keep(() => testRows(ends[side], m, seed, split));
    const start = keep(() => testRows(ends[from], n, seed, split));
    const conditions = testConditions(ends, from, n, split);
    const { grid } = sampling;
    const times = timesOf(direction, grid);
    const steps = direction === "f" ? grid.steps : grid.steps.toReversed();
    const stops = ends.chain?.times.slice(1, -1).map((t) => stepAt(times, t)) ?? [];
    const indexes = new Set([
      ...stops,
      ...metrics.flatMap((one) => one.states?.(steps.length) ?? []),
    ]);
    const isSde = sampling.solver === "sde";
    const drift =
      metrics.some(({ usesEnergy }) => usesEnergy) && isSde
        ? subject.bridge.drift(direction, conditions)
        : null;
    const summed = drift && new PathEnergy(n);
    energy = summed;
    const parts = new Map<number, { x: Tensor; weights: Tensor | null }[]>();
    const began = performance.now();
    const result = await transport(subject.bridge, direction, start, {
      sampling,
      seed,
      purpose: `quality/${direction}/there`,
      given: conditions,
      label: `measuring ${direction}`,
      progress,
      signal,
      visit:
        drift || indexes.size > 0
          ? (k, state, weights) => {
              const dt = steps[k];
              if (drift && dt !== undefined) summed?.add(drift, state, { time: times[k], dt });
              if (!indexes.has(k)) return;
              const part = { x: keep(() => state), weights: weights && keep(() => weights) };
              parts.set(k, [...(parts.get(k) ?? []), part]);
            }
          : undefined,
    });
    if (!result) {
      dispose();
      return null;
    }
    tensors.push(result.end);
    const { weights } = result;
    if (weights) tensors.push(weights);
    checkEnds(result.end, { direction, half });
    const states = new Map([...parts].map(([k, rows]) => [k, keep(() => joined(rows))]));
    const grown = (t: Tensor) => (weights ? keep(() => byMass(t, weights)) : t);
    return {
      nfe: result.nfe,
      batches: result.batches,
      seconds: (performance.now() - began) / 1000,
      [Symbol.dispose]: dispose,
      set: {
        key: `${direction}/${split}/${n}`,
        direction,
        from,
        side,
        sampling,
        start: grown(start),
        end: grown(result.end),
        weights,
        given: mapConditions(conditions, grown),
        data,
        states,
        energy,
        unit: subject.unit,
        reserve() {
          reserve ??= keep(() =>
            isHeldOut
              ? testRows(ends[side], spare, seed, "train")
              : testRows(ends[side], total, seed, "train").narrow(0, m, spare),
          );
          return reserve;
        },
      },
    };
  } catch (error) {
    dispose();
    throw error;
  }
}

function joined(parts: readonly { x: Tensor; weights: Tensor | null }[]): Tensor {
  const masses = parts.flatMap(({ weights }) => weights ?? []);
  return byMass(cat(parts.map(({ x }) => x)), masses.length > 0 ? cat(masses) : null);
}

/** The index of a process time in a grid. */
export const stepAt = (times: readonly number[], time: number): number =>
  times.findIndex((t) => Math.abs(t - time) < 1e-9);
