// Samples of one direction for all metrics: starts and their ends, the data that ends are compared with, and other data
// of the same number for the floor.
import {
  type Chain,
  type Conditions,
  type Direction,
  endOf,
  PathEnergy,
  startOf,
  stream,
  type TimeGrid,
} from "@dsbm/bridge";
import type { Split } from "@dsbm/data";
import { testConditions, testRows } from "@dsbm/problem";
import { randperm, type Tensor, tidy } from "@dsbm/torch";
import { timesOf } from "@dsbm/train";
import type { OpenOptions } from "./live/evaluator.js";
import { checkEnds } from "./live/finite.js";
import { disposeAll, kept, type Subject } from "./subject.js";

export type Solver = "sde" | "dopri5" | "heun" | "euler";

/** How a run is measured. */
export interface MeasureOptions extends OpenOptions {
  /** Starts, and data, at most. */
  n: number;
  seed: number;
  split: Split;
  /** How ends are made. */
  solver: Solver;
  /** Noise of the SDE; null: as trained. */
  diffusion: number | null;
  /** Points of each side of an exact distance, at most. */
  exact: number;
  /** Cores for exact distances of hold-outs. */
  threads: number;
  /** Whether a metric is to be measured. */
  wants(metric: string): boolean;
  /** Says what is measured next, lets signals have their turn, and tells whether one stopped the work. */
  stopped(label: string): Promise<boolean>;
  /** Why metrics have no rows, where that was found while they were measured. */
  reasons: Map<string, string>;
}

export interface Carried extends Disposable {
  direction: Direction;
  from: "x0" | "x1";
  side: "x0" | "x1";
  given: Conditions | undefined;
  /** Starts and ends, pair by pair, [n, …], as networks take them. */
  start: Tensor;
  end: Tensor;
  /** Data of the end, [m, …]. */
  data: Tensor;
  /** Other data of the end, [at least n, …], none of them in `data`. */
  reserve: Tensor;
  /** Two returns of the ends, [n, …] each; null where the other direction is missing. */
  returns: [Tensor, Tensor] | null;
  /** States at the times between several data sets, the earliest first, [n, …] each. */
  between: readonly Tensor[];
  energy: PathEnergy | null;
}

/** Draws of the reserve that floors are averaged over, at most. */
const mostDraws = 8;

/** `count` different draws of n rows of the reserve; one where it has no more than n. */
export function drawsOf({ reserve, start }: Carried, seed: number, count = mostDraws): Tensor[] {
  const [total, n] = [reserve.size(0), start.size(0)];
  return Array.from({ length: total > n ? count : 1 }, (_, k) => {
    const order = randperm(total, { generator: stream(seed, `quality/floor/${k}`) });
    return reserve.indexSelect(0, order.narrow(0, 0, n));
  });
}

/** Carries samples in a direction; null where it was stopped, or where this direction has no network. */
export async function carrySamples(
  subject: Subject,
  direction: Direction,
  options: MeasureOptions,
): Promise<Carried | null> {
  const { ends } = subject;
  const { split, seed, wants } = options;
  const [from, side] = [startOf(direction), endOf(direction)];
  const rows = (end: "x0" | "x1", count: number, of: Split) =>
    kept(() => testRows(ends[end], count, seed, of));
  const tensors: Tensor[] = [];
  const own = (t: Tensor) => {
    tensors.push(t);
    return t;
  };
  const between: Tensor[] = [];
  let energy: PathEnergy | null = null;
  let done = false;
  const dispose = () => {
    disposeAll(tensors);
    energy?.dispose();
  };
  try {
    const wanted = options.n;
    const [data, reserve] =
      split === "test"
        ? [own(rows(side, wanted, "test")), own(rows(side, 4 * wanted, "train"))]
        : halves(own(rows(side, 2 * wanted, "train")), own);
    const all = own(rows(from, wanted, split));
    const n = Math.min(all.size(0), reserve.size(0));
    const start = own(kept(() => all.narrow(0, 0, n)));
    const given = testConditions(ends, from, n, split);
    const isOwn = options.solver === "sde" && options.diffusion === null;
    if (!isOwn) options.reasons.set("path_energy", "it is of the SDE with the noise of training");
    const drift = isOwn && wants("path_energy") ? subject.drift(direction, given) : null;
    energy = drift && new PathEnergy(n);
    const carry = async (way: Direction, x: Tensor, purpose: string, conditions = given) => {
      const summed = energy && purpose === "there" ? energy : null;
      const { grid } = subject;
      const [times, steps] = [timesOf(way, grid), stepsOf(way, grid)];
      const stops = purpose === "there" ? stopsOf(subject.ends.chain, times) : [];
      let last: Tensor | null = null;
      const there = tidy(() => x.to({ device: subject.trained.config.device as "cpu" }).keep());
      const found = await subject.sampler.carry(way, there, {
        ...{ solver: options.solver, grid, seed, given: conditions, signal: options.signal },
        ...{ purpose: `quality/${way}/${purpose}`, lastNoise: subject.trained.lastNoise },
        path: summed !== null || stops.length > 0,
        onState(k, state) {
          options.progress.update({
            label: `measuring ${way}, ${purpose}`,
            step: k,
            steps: grid.steps.length,
          });
          const dt = steps[k];
          if (summed && drift && dt !== undefined)
            summed.add(drift, state, { time: times[k] as number, dt });
          const stop = stops.indexOf(k);
          if (stop >= 0) between[stop] = own(kept(() => state));
          if ((summed || stops.length > 0) && dt !== undefined) return;
          last = kept(() => state);
        },
      });
      there.dispose();
      if (last) own(last);
      return found === null ? null : (last as Tensor | null);
    };
    const end = await carry(direction, start, "there");
    if (!end) return null;
    const half = subject.trained.models[direction]?.half_iteration ?? null;
    checkEnds(end, { direction, half });
    const back = direction === "f" ? "b" : "f";
    let returns: Carried["returns"] = null;
    if (wants("agreement") && subject.networks[back]) {
      const first = await carry(back, end, "back 1");
      const second = first && (await carry(back, end, "back 2"));
      if (!first || !second) return null;
      returns = [first, second];
    }
    done = true;
    return {
      ...{ direction, from, side, given, start, end, data, reserve, returns, between, energy },
      [Symbol.dispose]: dispose,
    };
  } finally {
    if (!done) dispose();
  }
}

/** Where in the times of a run the data between are, the earliest first. */
function stopsOf(chain: Chain | null, times: readonly number[]): number[] {
  const between = chain?.times.slice(1, -1) ?? [];
  return between.map((wanted) => times.findIndex((t) => Math.abs(t - wanted) < 1e-9));
}

/** The lengths of a direction's steps, in its order. */
function stepsOf(direction: Direction, grid: TimeGrid): readonly number[] {
  return direction === "f" ? grid.steps : grid.steps.toReversed();
}

function halves(all: Tensor, own: (t: Tensor) => Tensor): [Tensor, Tensor] {
  const half = Math.floor(all.size(0) / 2);
  return [
    own(kept(() => all.narrow(0, 0, half))),
    own(kept(() => all.narrow(0, half, all.size(0) - half))),
  ];
}
