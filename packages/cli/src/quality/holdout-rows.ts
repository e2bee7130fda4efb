// Data between the ends that no training saw: how far the bridge's marginal at their time is from them, in the data's own
// units, beside two halves of them, mixed ends, and the ends themselves.
import {
  slicedEstimate,
  slicedWasserstein,
  stream,
  subsample,
  type TimeGrid,
  wasserstein,
} from "@dsbm/bridge";
import type { QualityRow } from "@dsbm/runs";
import { cat, randperm, type Tensor, tidy } from "@dsbm/torch";
import { timesOf } from "@dsbm/train";
import { testRows } from "../problem/ends.js";
import type { Progress } from "../terminal/progress.js";
import { readHoldout } from "./read-holdout.js";
import { disposeAll, kept, type Subject } from "./subject.js";

/** A file of samples in the data's own units, and the time of the bridge at which they were held out. */
export interface Holdout {
  path: string;
  at: number;
}

/** Points of each side at most. */
const most = 10_000;

export interface HoldoutOptions {
  seed: number;
  progress: Progress;
  signal?: AbortSignal | undefined;
}

/** The rows of all hold-outs; null where it was stopped. Throws a UsageError for files that do not fit. */
export async function holdoutRows(
  subject: Subject,
  holdouts: readonly Holdout[],
  options: HoldoutOptions,
): Promise<QualityRow[] | null> {
  if (holdouts.length === 0) return [];
  const { seed } = options;
  const held: Tensor[] = [];
  const kept_ = (t: Tensor) => {
    held.push(t);
    return t;
  };
  try {
    // What does not fit is refused before anything is computed.
    const truths: Tensor[] = [];
    for (const { path } of holdouts) truths.push(kept_(await readHoldout(path, subject)));
    const rows = (side: "x0" | "x1") =>
      kept_(
        kept(() => {
          const parts = (["train", "test"] as const).map((split) =>
            testRows(subject.ends[side], most, seed, split),
          );
          return subsample(cat(parts), "x", { most, seed });
        }),
      );
    const [source, target] = [rows("x0"), rows("x1")];
    const states = await marginals(subject, source, holdouts, options);
    if (!states) return null;
    for (const state of states) kept_(state);
    const found: QualityRow[] = [];
    for (const [i, holdout] of holdouts.entries()) {
      options.progress.update({
        label: `comparing with ${holdout.path}`,
        step: i,
        steps: holdouts.length,
      });
      await new Promise(setImmediate);
      if (options.signal?.aborted) return null;
      found.push(
        ...tidy(() =>
          compare(subject, holdout, {
            truth: truths[i] as Tensor,
            state: states[i] as Tensor,
            ...{ source, target, seed },
          }),
        ),
      );
    }
    return found;
  } finally {
    disposeAll(held);
  }
}

/** The states of the SDE from all starts at the times of the hold-outs. */
async function marginals(
  { sampler, trained, grid: ofRun }: Subject,
  source: Tensor,
  holdouts: readonly Holdout[],
  { seed, progress, signal }: HoldoutOptions,
): Promise<Tensor[] | null> {
  const grid = holdouts.reduce((g, { at }) => withTime(g, at), ofRun);
  const times = timesOf("f", grid);
  const wanted = holdouts.map(({ at }) => times.findIndex((t) => Math.abs(t - at) < 1e-9));
  const found = new Map<number, Tensor>();
  const there = kept(() => source);
  try {
    const done = await sampler.carry("f", there, {
      ...{
        grid,
        seed,
        purpose: "quality/f/holdout",
        lastNoise: trained.lastNoise,
        path: true,
        signal,
      },
      onState(k, state) {
        progress.update({
          label: "carrying all starts to the hold-out",
          step: k,
          steps: grid.steps.length,
        });
        if (wanted.includes(k))
          found.set(
            k,
            kept(() => state),
          );
      },
    });
    if (done !== null) return wanted.map((k) => kept(() => found.get(k) as Tensor));
    return null;
  } finally {
    there.dispose();
    disposeAll(found.values());
  }
}

/** A grid that stops at a time too; its step there is cut in two. */
function withTime(grid: TimeGrid, at: number): TimeGrid {
  if (grid.times.some((t) => Math.abs(t - at) < 1e-9)) return grid;
  const i = grid.times.findIndex((t) => t > at) - 1;
  const [low, high, dt] = [grid.times[i], grid.times[i + 1], grid.steps[i]] as [
    number,
    number,
    number,
  ];
  const share = (at - low) / (high - low);
  return {
    ...grid,
    times: [...grid.times.slice(0, i + 1), at, ...grid.times.slice(i + 1)],
    steps: [...grid.steps.slice(0, i), dt * share, dt * (1 - share), ...grid.steps.slice(i + 1)],
  };
}

interface Compared {
  truth: Tensor;
  state: Tensor;
  source: Tensor;
  target: Tensor;
  seed: number;
}

function compare(
  { own }: Subject,
  { path, at }: Holdout,
  { truth: all, state, source, target, seed }: Compared,
): QualityRow[] {
  const truth = subsample(all, "y", { most, seed });
  const [made, x0, x1] = [own("x0", state), own("x0", source), own("x1", target)];
  // Independent pairs: both ends in a random order, as many as the bridge made.
  const count = made.size(0);
  const shuffled = (x: Tensor, purpose: string) => {
    const order = randperm(x.size(0), { generator: stream(seed, `quality/holdout/${purpose}`) });
    return x.indexSelect(0, order);
  };
  const pairs = Math.min(count, x1.size(0));
  const [a, b] = [shuffled(x0, "source"), shuffled(x1, "target")].map((x) =>
    x.narrow(0, 0, pairs),
  ) as [Tensor, Tensor];
  const mixed = a.mul(1 - at).add(b.mul(at));
  const half = Math.floor(truth.size(0) / 2);
  const mixedTruth = shuffled(truth, "halves");
  const [first, second] = [
    mixedTruth.narrow(0, 0, half),
    mixedTruth.narrow(0, half, truth.size(0) - half),
  ];
  const few = subsample(made, "x", { most: half, seed });
  const shared = {
    direction: "f" as const,
    better: "lower" as const,
    group: "holdout" as const,
  };
  const where = `${path} at t = ${at}`;
  const floorOf = (at_: number) =>
    `floor: two halves of the hold-out, ${half} against ${second.size(0)} rows, where the bridge has ${at_.toPrecision(4)} with as many`;
  const ceilingIs = `ceiling: ${pairs} random pairs of the ends on a straight line`;
  const exact = (p: 1 | 2): QualityRow => {
    const of = (x: Tensor, y: Tensor) => wasserstein(x, y, { p, seed });
    return {
      metric: `holdout_w${p}`,
      title: `exact ${p}-Wasserstein to ${where}`,
      ...shared,
      ...bounds(of(made, truth)),
      floor: of(first, second).value,
      ceiling: of(mixed, truth).value,
      about: `${count} starts carried by the SDE against ${truth.size(0)} rows; ${floorOf(of(few, second).value)}; ${ceilingIs}`,
    };
  };
  const alone = (name: string, title: string, x: Tensor): QualityRow => ({
    metric: `holdout_w1_${name}`,
    title: `exact 1-Wasserstein of ${title} to ${where}`,
    ...shared,
    ...bounds(wasserstein(x, truth, { p: 1, seed })),
    ...{ floor: null, ceiling: null },
    about: `${x.size(0)} rows of ${title} as they are against ${truth.size(0)} rows: what no bridge at all would have`,
  });
  return [
    exact(1),
    alone("source", "the source", x0),
    alone("target", "the target", x1),
    {
      metric: "holdout_sliced_w2",
      title: `sliced 2-Wasserstein to ${where}`,
      ...shared,
      ...slicedEstimate(made, truth, { directions: 64, seed, resamples: 50 }),
      floor: slicedWasserstein(first, second, { directions: 64, seed }),
      ceiling: slicedWasserstein(mixed, truth, { directions: 64, seed }),
      about: `${count} starts carried by the SDE against ${truth.size(0)} rows; ${floorOf(slicedWasserstein(few, second, { directions: 64, seed }))}; ${ceilingIs}`,
    },
    exact(2),
  ];
}

const bounds = ({ value, low, high }: { value: number; low: number; high: number }) => ({
  value,
  low,
  high,
});
