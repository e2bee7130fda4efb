// The bridge's marginal beside what was held out at its time, in the data's own units.
import { basename } from "node:path";
import { type Estimate, slicedEstimate, slicedWasserstein, stream, subsample } from "@dsbm/bridge";
import type { QualityRow } from "@dsbm/runs";
import { randperm, type Tensor, tidy } from "@dsbm/torch";
import type { Distances } from "./distances.js";

export interface Compared {
  /** The name of the hold-out's file, and its time. */
  path: string;
  at: number;
  /** Rows of the hold-out, and of the bridge at its time. */
  truth: Tensor;
  made: Tensor;
  /** All rows of both ends. */
  source: Tensor;
  target: Tensor;
  seed: number;
  wants(metric: string): boolean;
  distances: Distances;
}

/** Makes the row of a metric of this name. */
type Make = (metric: string) => Promise<QualityRow>;

const directions = 64;

/** The rows of one hold-out that are wanted: exact distances take a while. */
export function comparisons(given: Compared): Promise<QualityRow>[] {
  // What is awaited needs no tensors.
  return tidy(() => {
    const make = makers(given);
    return holdoutNames
      .filter((name) => given.wants(name))
      .map((name) => (make[name] as Make)(name));
  });
}

function makers({
  path,
  at,
  truth,
  made,
  source,
  target,
  seed,
  distances,
}: Compared): Record<string, Make> {
  const shuffled = (x: Tensor, purpose: string) => {
    const order = randperm(x.size(0), { generator: stream(seed, `quality/holdout/${purpose}`) });
    return x.indexSelect(0, order);
  };
  const count = Math.min(source.size(0), target.size(0));
  const [x0, x1] = [shuffled(source, "x0"), shuffled(target, "x1")].map((x) =>
    x.narrow(0, 0, count),
  ) as [Tensor, Tensor];
  const mixed = x0.mul(1 - at).add(x1.mul(at));
  // The floor takes two halves of the hold-out, so the bridge is compared with a half of it too.
  const half = Math.floor(truth.size(0) / 2);
  const order = shuffled(truth, "halves");
  const [other, rest] = [order.narrow(0, 0, half), order.narrow(0, half, truth.size(0) - half)];
  const few = (x: Tensor) => subsample(x, "x", { most: half, seed });
  const where = `${basename(path)} at t = ${at}`;
  const sizes = (x: Tensor, y: Tensor) => `${x.size(0)} against ${y.size(0)} rows`;
  const ceiling = "ceiling: random pairs of the ends, mixed on a straight line";
  const row = (
    metric: string,
    title: string,
    about: string,
    values: Estimate & Pick<QualityRow, "floor" | "ceiling">,
  ): QualityRow => ({
    ...{ metric, title: `${title} to ${where}`, direction: "f" },
    ...values,
    ...{ better: "lower", group: "holdout", about },
  });
  type Pair = readonly [x: Tensor, y: Tensor];
  const distance = ([x, y]: Pair) => distances.wasserstein(x, y, { p: 1, seed });
  const exact = async (
    metric: string,
    title: string,
    about: string,
    { of, floor, ceiling }: { of: Pair; floor?: Pair; ceiling?: Pair },
  ) => {
    const [value, low, high] = await Promise.all([
      ...[distance(of), floor && distance(floor), ceiling && distance(ceiling)],
    ]);
    const beside = { floor: low?.value ?? null, ceiling: high?.value ?? null };
    return row(metric, title, about, { ...(value as Estimate), ...beside });
  };
  const untrained = (what: string, x: Tensor) => (metric: string) =>
    exact(
      metric,
      `exact 1-Wasserstein of the ${what}, half of the points,`,
      `the ${what} as it is against the hold-out, ${sizes(few(x), rest)}: what no bridge at all has`,
      { of: [few(x), rest] },
    );
  const sliced = (x: Tensor, y: Tensor) => slicedWasserstein(x, y, { directions, seed });
  return {
    holdout_w1: (metric) =>
      exact(
        metric,
        "exact 1-Wasserstein",
        `all starts, carried by the SDE, against the hold-out, ${sizes(made, truth)}; no floor of this size: see the row with half of the points; ${ceiling}`,
        { of: [made, truth], ceiling: [mixed, truth] },
      ),
    holdout_w1_half: (metric) =>
      exact(
        metric,
        "exact 1-Wasserstein, half of the points,",
        `the same, ${sizes(few(made), rest)}; floor: the other half of the hold-out, ${sizes(other, rest)}; ${ceiling}`,
        { of: [few(made), rest], floor: [other, rest], ceiling: [few(mixed), rest] },
      ),
    holdout_w1_source: untrained("source", source),
    holdout_w1_target: untrained("target", target),
    holdout_sliced_w2: async (metric) =>
      row(
        metric,
        "sliced 2-Wasserstein",
        `half of the points as above, ${sizes(few(made), rest)}; floor: the other half of the hold-out; ${ceiling}`,
        {
          ...slicedEstimate(few(made), rest, { directions, seed, resamples: 50 }),
          floor: sliced(other, rest),
          ceiling: sliced(few(mixed), rest),
        },
      ),
  };
}

/** The names of the metrics of a hold-out, the main one first. */
export const holdoutNames = [
  ...["holdout_w1", "holdout_w1_half", "holdout_w1_source", "holdout_w1_target"],
  "holdout_sliced_w2",
];
