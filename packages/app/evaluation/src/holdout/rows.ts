// Data between the ends that no training saw: how far the bridge's marginal at their time is from them, in the data's own
// units, beside two halves of them, mixed ends, and the ends themselves.
import { type Conditions, kindsOf, subsample, type TimeGrid } from "@dsbm/bridge";
import { testConditions, testRows } from "@dsbm/problem";
import type { QualityRow } from "@dsbm/runs";
import { cat, type Tensor, tidy } from "@dsbm/torch";
import { timesOf } from "@dsbm/train";
import type { MeasureOptions } from "../carried.js";
import { disposeAll, kept, type Subject } from "../subject.js";
import { comparisons } from "./compare.js";
import { Distances } from "./distances.js";
import { readHoldout } from "./read.js";

/** A file of samples in the data's own units, and the time of the bridge at which they were held out. */
export interface Holdout {
  path: string;
  at: number;
}

/** The hold-outs that the keys `holdout` and `at` give: one of each, or lists of the same length. */
export function holdoutsOf(keys: {
  holdout: string | string[] | null;
  at: number | number[] | null;
}): Holdout[] {
  const times = [keys.at ?? []].flat();
  return [keys.holdout ?? []].flat().map((path, i) => ({ path, at: times[i] as number }));
}

/** Points of each side at most. */
const most = 10_000;

/** The rows of all hold-outs; null where it was stopped. Throws a UsageError for files that do not fit. */
export async function holdoutRows(
  subject: Subject,
  holdouts: readonly Holdout[],
  options: MeasureOptions,
): Promise<QualityRow[] | null> {
  if (holdouts.length === 0) return [];
  const { seed, threads, progress, signal } = options;
  const distances = new Distances({ threads, signal });
  const held: Tensor[] = [];
  const own = (t: Tensor) => {
    held.push(t);
    return t;
  };
  try {
    // What does not fit is refused before anything is computed.
    const truths: Tensor[] = [];
    for (const { path } of holdouts) truths.push(own(await readHoldout(path, subject)));
    const source = ownRows(subject, "x0", seed);
    const target = ownRows(subject, "x1", seed);
    for (const t of [source.x, target.x]) own(t);
    const states = await marginals(subject, source, holdouts, options);
    if (!states) return null;
    for (const state of states) own(state);
    const rows = holdouts.flatMap((holdout, i) =>
      comparisons({
        ...{ ...holdout, seed, distances, wants: options.wants },
        truth: own(kept(() => subsample(truths[i] as Tensor, "y", { most, seed }))),
        made: own(kept(() => subject.own("x0", states[i] as Tensor))),
        source: own(kept(() => subject.own("x0", source.x))),
        target: own(kept(() => subject.own("x1", target.x))),
      }),
    );
    let done = 0;
    const said = () =>
      progress.update({ label: "comparing with hold-outs", step: done++, steps: rows.length });
    said();
    for (const row of rows) row.then(said, () => {});
    return await Promise.all(rows).catch((error) => {
      if (signal?.aborted) return null;
      throw error;
    });
  } finally {
    disposeAll(held);
  }
}

interface OwnRows {
  x: Tensor;
  given: Conditions | undefined;
}

/** All rows of an end, those of training and those held out, with their conditions; of very many a part of each. */
function ownRows({ ends }: Subject, side: "x0" | "x1", seed: number): OwnRows {
  const total = ends[side].train.size(0) + ends[side].test.size(0);
  const parts = splits.map((split) => {
    const count = Math.ceil(ends[side][split].size(0) * Math.min(1, most / total));
    return { split, count };
  });
  const found = parts.map(({ split, count }) => testConditions(ends, side, count, split));
  return {
    x: kept(() => cat(parts.map(({ split, count }) => testRows(ends[side], count, seed, split)))),
    given: joined(found),
  };
}

const splits = ["train", "test"] as const;

/** Conditions of several tables as those of one; undefined where there are none. */
function joined(parts: readonly (Conditions | undefined)[]): Conditions | undefined {
  const [first, second] = parts;
  if (!first || !second) return undefined;
  return Object.fromEntries(
    kindsOf(first).map((kind) => [kind, cat([first[kind] as Tensor, second[kind] as Tensor])]),
  );
}

/** The states of the SDE from all starts at the times of the hold-outs. */
async function marginals(
  { sampler, trained, grid: ofRun }: Subject,
  { x: source, given }: OwnRows,
  holdouts: readonly Holdout[],
  { seed, progress, signal }: MeasureOptions,
): Promise<Tensor[] | null> {
  const grid = holdouts.reduce((g, { at }) => withTime(g, at), ofRun);
  const times = timesOf("f", grid);
  const wanted = holdouts.map(({ at }) => times.findIndex((t) => Math.abs(t - at) < 1e-9));
  const found = new Map<number, Tensor>();
  const there = tidy(() =>
    source
      .to({ device: trained.config.device as "cpu" })
      .clone()
      .keep(),
  );
  try {
    const done = await sampler.carry("f", there, {
      ...{
        grid,
        seed,
        purpose: "quality/f/holdout",
        lastNoise: trained.lastNoise,
        given,
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
  const [low, high] = [grid.times[i] as number, grid.times[i + 1] as number];
  const dt = grid.steps[i] as number;
  const share = (at - low) / (high - low);
  return {
    ...grid,
    times: [...grid.times.slice(0, i + 1), at, ...grid.times.slice(i + 1)],
    steps: [...grid.steps.slice(0, i), dt * share, dt * (1 - share), ...grid.steps.slice(i + 1)],
  };
}
