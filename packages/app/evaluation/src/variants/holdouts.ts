import { basename } from "node:path";
import { type Conditions, kindsOf, stream, subsample, withTime } from "@dsbm/bridge";
import { testConditions, testRows } from "@dsbm/problem";
import { cat, randperm, type Tensor } from "@dsbm/torch";
import { timesOf } from "@dsbm/train";
import type { Measuring } from "../measuring.js";
import type { SampleSet } from "../metric.js";
import type { Variant } from "../rows.js";
import { plainSet } from "../samples.js";
import { disposeAll } from "../subject.js";
import { byMass, type Sampling, stepAt, type TransportOptions, transport } from "../transport.js";
import { readHoldout } from "./read-holdout.js";

/** A file of rows in the data's own units, and their time. */
export interface Holdout {
  path: string;
  at: number;
}

/** The hold-outs of the keys `holdout` and `at`, each one value or lists of one length. */
export function holdoutsOf(keys: {
  holdout: string | string[] | null;
  at: number | number[] | null;
}): Holdout[] {
  const times = [keys.at ?? []].flat();
  return [keys.holdout ?? []].flat().map((path, i) => ({ path, at: times[i] as number }));
}

export const mostHeldOut = 10_000;

export const holdoutNames = ["holdout_w1", "holdout_w1_half", "holdout_sliced_w2"];

/** Returns null if it was stopped. Throws a ConfigError for files that do not fit. */
export async function holdoutVariants(
  context: Measuring,
  sampling: Sampling,
  holdouts: readonly Holdout[],
  most = mostHeldOut,
): Promise<Variant[] | null> {
  const { subject } = context;
  const { seed } = context.options;
  // Refuse wrong files before anything is computed.
  const truths: Tensor[] = [];
  for (const { path } of holdouts) {
    const rows = await readHoldout(path, subject);
    truths.push(context.own(() => subsample(rows, "y", { most, seed })));
    rows.dispose();
  }
  const source = allRows(context, "x0", most);
  const target = allRows(context, "x1", most);
  const grid = holdouts.reduce((g, { at }) => withTime(g, at), sampling.grid);
  const made = await statesAt(context, source.x, {
    sampling: { ...sampling, grid },
    times: holdouts.map(({ at }) => at),
    given: source.given,
    purpose: "quality/f/holdout",
    label: "transporting all source rows to the hold-out",
  });
  const ends = [
    context.own(() => subject.own("x0", source.x)),
    context.own(() => subject.own("x1", target.x)),
  ] as const;
  return (
    made &&
    holdouts.flatMap((holdout, i) =>
      variantsOf(context, holdout, {
        truth: truths[i] as Tensor,
        made: made[i] as Tensor,
        ends,
        sampling,
      }),
    )
  );
}

/**
 * States at some times of rows that go forward, drawn by mass, in the data's own units. Returns null
 * if it was stopped.
 */
export async function statesAt(
  context: Measuring,
  x: Tensor,
  { times, ...how }: Omit<TransportOptions, "seed" | "progress" | "signal"> & { times: number[] },
): Promise<Tensor[] | null> {
  const { subject, options } = context;
  const stops = times.map((time) => stepAt(timesOf("f", how.sampling.grid), time));
  const states = new Map<number, Tensor>();
  const result = await transport(subject.bridge, "f", x, {
    ...options,
    ...how,
    visit(k, state, weights) {
      if (!stops.includes(k)) return;
      states.set(
        k,
        context.own(() => subject.own("x0", byMass(state, weights))),
      );
    },
  });
  disposeAll([result?.end, result?.weights]);
  return result && stops.map((k) => states.get(k) as Tensor);
}

interface HoldoutRows {
  truth: Tensor;
  made: Tensor;
  ends: readonly [source: Tensor, target: Tensor];
  sampling: Sampling;
}

function variantsOf(
  context: Measuring,
  { path, at }: Holdout,
  { truth, made, ends, sampling }: HoldoutRows,
): Variant[] {
  const { seed } = context.options;
  const own = (make: () => Tensor) => context.own(make);
  const shuffled = (x: Tensor, purpose: string) => {
    const order = randperm(x.size(0), { generator: stream(seed, `quality/holdout/${purpose}`) });
    return x.indexSelect(0, order);
  };
  const half = Math.floor(truth.size(0) / 2);
  const other = own(() => shuffled(truth, "halves").narrow(0, 0, half));
  const rest = own(() => shuffled(truth, "halves").narrow(0, half, truth.size(0) - half));
  const mixed = own(() => {
    const count = Math.min(...ends.map((x) => x.size(0)));
    const [x0, x1] = ends.map((x, i) => shuffled(x, `x${i}`).narrow(0, 0, count)) as [
      Tensor,
      Tensor,
    ];
    return x0.mul(1 - at).add(x1.mul(at));
  });
  const few = (x: Tensor) => own(() => subsample(x, "x", { most: half, seed }));
  const halves = { start: few(mixed), end: few(made), data: rest };
  const where = `${basename(path)} at t = ${at}`;
  const ceiling = "ceiling: random pairs of source and target, mixed on a straight line";
  const variant = (
    metric: string,
    suffix: string,
    samples: Pick<SampleSet, "start" | "end" | "data" | "bounds">,
    meaning: string,
  ): Variant => ({
    prefix: "holdout_",
    suffix,
    group: "holdout",
    metrics: [metric],
    set: heldOutSet(samples, { key: `holdout/${where}/${suffix}`, sampling, reserve: () => other }),
    change: ({ title }) => ({
      title: `${title}${suffix && ", half of the rows,"} to ${where}`,
      meaning: `${meaning}; ${ceiling} (${samples.data.size(0)} held-out rows).`,
    }),
  });
  return [
    variant(
      "w1",
      "",
      { start: mixed, end: made, data: truth, bounds: { floor: false, ceiling: true } },
      "All source rows, transported by the SDE, against the hold-out. No floor for this many rows: see the row with half of the rows",
    ),
    variant(
      "w1",
      "_half",
      halves,
      "The same with half of the rows; floor: the other half of the hold-out",
    ),
    variant(
      "sliced_w2",
      "",
      halves,
      "Half of the rows as above; floor: the other half of the hold-out",
    ),
  ];
}

/** Samples at a time that no training saw, in the data's own units. */
export const heldOutSet = (
  samples: Pick<SampleSet, "start" | "end" | "data" | "bounds">,
  more: Pick<SampleSet, "key" | "sampling" | "reserve">,
): SampleSet => ({ ...plainSet, ...samples, ...more, exact: mostHeldOut });

const splits = ["train", "test"] as const;

/** About `most` rows of both splits, with their conditions. */
function allRows(
  context: Measuring,
  side: "x0" | "x1",
  most: number,
): { x: Tensor; given: Conditions | undefined } {
  const { subject, options } = context;
  const { ends } = subject;
  const total = ends[side].train.size(0) + ends[side].test.size(0);
  const counts = splits.map((split) =>
    Math.ceil(ends[side][split].size(0) * Math.min(1, most / total)),
  ) as [number, number];
  const [first, second] = splits.map((split, i) =>
    testConditions(ends, side, counts[i] as number, split),
  );
  const joined = (kind: keyof Conditions) =>
    cat([first?.[kind] as Tensor, second?.[kind] as Tensor]);
  return {
    x: context.own(() =>
      cat(splits.map((split, i) => testRows(ends[side], counts[i] as number, options.seed, split))),
    ),
    given: first && Object.fromEntries(kindsOf(first).map((kind) => [kind, joined(kind)])),
  };
}
