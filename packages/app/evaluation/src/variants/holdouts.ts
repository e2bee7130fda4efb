import { basename } from "node:path";
import { type Conditions, kindsOf, stream, subsample, withTime } from "@dsbm/bridge";
import { testConditions, testRows } from "@dsbm/problem";
import { cat, randperm, type Tensor } from "@dsbm/torch";
import { timesOf } from "@dsbm/train";
import type { Measuring } from "../measuring.js";
import type { SampleSet } from "../metric.js";
import { plainSet } from "../samples.js";
import { disposeAll, kept, type Subject } from "../subject.js";
import { byMass, type Sampling, stepAt, transport } from "../transport.js";
import { readHoldout } from "./read-holdout.js";
import type { Variant } from "./variant.js";

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
  const { subject, options } = context;
  const { seed } = options;
  const own = (make: () => Tensor) => context.own(make);
  // Refuse wrong files before anything is computed.
  const truths: Tensor[] = [];
  for (const { path } of holdouts) {
    const rows = await readHoldout(path, subject);
    truths.push(own(() => subsample(rows, "y", { most, seed })));
    rows.dispose();
  }
  const source = allRows(subject, "x0", { seed, most });
  const target = allRows(subject, "x1", { seed, most });
  const start = own(() => source.x);
  const grid = holdouts.reduce((g, { at }) => withTime(g, at), sampling.grid);
  const times = timesOf("f", grid);
  const stops = holdouts.map(({ at }) => stepAt(times, at));
  const states = new Map<number, Tensor>();
  const result = await transport(subject.bridge, "f", start, {
    ...options,
    sampling: { ...sampling, grid },
    given: source.given,
    purpose: "quality/f/holdout",
    label: "transporting all source rows to the hold-out",
    visit(k, state, weights) {
      if (stops.includes(k))
        states.set(
          k,
          own(() => subject.own("x0", byMass(state, weights))),
        );
    },
  });
  if (!result) return null;
  disposeAll([result.end, ...(result.weights ? [result.weights] : [])]);
  const ends = {
    source: own(() => subject.own("x0", source.x)),
    target: own(() => subject.own("x1", target.x)),
  };
  for (const t of [source.x, target.x]) t.dispose();
  return holdouts.flatMap((holdout, i) =>
    variantsOf(holdout, {
      ...ends,
      truth: truths[i] as Tensor,
      made: states.get(stops[i] as number) as Tensor,
      sampling,
      seed,
      own,
    }),
  );
}

interface HoldoutRows {
  truth: Tensor;
  made: Tensor;
  source: Tensor;
  target: Tensor;
  sampling: Sampling;
  seed: number;
  own(make: () => Tensor): Tensor;
}

function variantsOf(
  { path, at }: Holdout,
  { truth, made, source, target, sampling, seed, own }: HoldoutRows,
): Variant[] {
  const shuffled = (x: Tensor, purpose: string) => {
    const order = randperm(x.size(0), { generator: stream(seed, `quality/holdout/${purpose}`) });
    return x.indexSelect(0, order);
  };
  const half = Math.floor(truth.size(0) / 2);
  const other = own(() => shuffled(truth, "halves").narrow(0, 0, half));
  const rest = own(() => shuffled(truth, "halves").narrow(0, half, truth.size(0) - half));
  const mixed = own(() => {
    const count = Math.min(source.size(0), target.size(0));
    const x0 = shuffled(source, "x0").narrow(0, 0, count);
    const x1 = shuffled(target, "x1").narrow(0, 0, count);
    return x0.mul(1 - at).add(x1.mul(at));
  });
  const few = (x: Tensor) => own(() => subsample(x, "x", { most: half, seed }));
  const halfMixed = few(mixed);
  const halfMade = few(made);
  const where = `${basename(path)} at t = ${at}`;
  const variant = (
    suffix: string,
    metric: string,
    samples: Pick<SampleSet, "start" | "end" | "data" | "bounds">,
    { title, meaning }: { title: string; meaning: string },
  ): Variant => ({
    prefix: "holdout_",
    suffix,
    group: "holdout",
    metrics: [metric],
    set: heldOutSet(samples, { key: `holdout/${where}/${suffix}`, sampling, reserve: () => other }),
    change: (row) => ({
      title: `${row.title}${title} to ${where}`,
      meaning: `${meaning} (${samples.data.size(0)} held-out rows).`,
    }),
  });
  const halves = { start: halfMixed, end: halfMade, data: rest };
  const ceiling = "ceiling: random pairs of source and target, mixed on a straight line";
  return [
    variant(
      "",
      "w1",
      { start: mixed, end: made, data: truth, bounds: { floor: false, ceiling: true } },
      {
        title: "",
        meaning: `All source rows, transported by the SDE, against the hold-out. No floor for this many rows: see the row with half of the rows; ${ceiling}`,
      },
    ),
    variant("_half", "w1", halves, {
      title: ", half of the rows,",
      meaning: `The same with half of the rows; floor: the other half of the hold-out; ${ceiling}`,
    }),
    variant("", "sliced_w2", halves, {
      title: "",
      meaning: `Half of the rows as above; floor: the other half of the hold-out; ${ceiling}`,
    }),
  ];
}

/** Samples at a time that no training saw, in the data's own units. */
export const heldOutSet = (
  samples: Pick<SampleSet, "start" | "end" | "data" | "bounds">,
  more: Pick<SampleSet, "key" | "sampling" | "reserve">,
): SampleSet => ({
  ...plainSet,
  ...samples,
  ...more,
  exact: mostHeldOut,
  shared: new Map(),
});

interface RowsOfEnd {
  x: Tensor;
  given: Conditions | undefined;
}

function allRows(
  { ends }: Subject,
  side: "x0" | "x1",
  { seed, most }: { seed: number; most: number },
): RowsOfEnd {
  const total = ends[side].train.size(0) + ends[side].test.size(0);
  const parts = (["train", "test"] as const).map((split) => {
    const count = Math.ceil(ends[side][split].size(0) * Math.min(1, most / total));
    return { split, count };
  });
  const [first, second] = parts.map(({ split, count }) => testConditions(ends, side, count, split));
  const given =
    first && second
      ? Object.fromEntries(
          kindsOf(first).map((kind) => [
            kind,
            cat([first[kind] as Tensor, second[kind] as Tensor]),
          ]),
        )
      : undefined;
  return {
    x: kept(() => cat(parts.map(({ split, count }) => testRows(ends[side], count, seed, split)))),
    given,
  };
}
