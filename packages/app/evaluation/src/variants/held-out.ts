// Data at a time that no training saw: the bridge there from the time before (protocol a) and from
// the first time (protocol b).
import { basename } from "node:path";
import {
  type Conditions,
  exactPointPlan,
  gridBetween,
  kindsOf,
  mapConditions,
  stream,
  subsample,
  withTime,
} from "@dsbm/bridge";
import { type EndpointData, marginalsOf, testConditions, testRows } from "@dsbm/datasets";
import { timeLabel } from "@dsbm/inference";
import type { MetricRow } from "@dsbm/runs";
import { cat, randperm, type Tensor, tensor, tidy } from "@dsbm/torch";
import { type MeasureOptions, Measuring, plainSet } from "../metric.js";
import { metrics } from "../metrics/index.js";
import { measureAs } from "../rows.js";
import { disposeAll, type Subject } from "../subject.js";
import { affordable, byMass, type Sampling, transport } from "../transport.js";
import { comparedRows, gradedRows } from "../verdict/grade.js";
import { readHoldout } from "./read-holdout.js";

/** Rows at a process time. */
interface HeldOut {
  /** The dataset that a short training did not see, or a file. */
  group: "loo" | "holdout";
  time: number;
  label: string;
  /** [n, …] in the data's own units; the caller owns them. */
  rows: Tensor;
}

type HeldOutOptions = Omit<MeasureOptions, "n"> & { sampling: Sampling };

const mostRows = 2000;
/** Exact distances of both protocols, with floors and ceilings. */
const work = { direction: "f", transports: 2, distances: 40 } as const;
const splits = ["train", "test"] as const;

/** Measures a file as `measureHeldOut`. Throws a ConfigError for a file that does not fit. */
export async function measureHoldout(
  subject: Subject,
  { path, time }: { path: string; time: number },
  options: HeldOutOptions,
): Promise<MetricRow[] | null> {
  const { datasets, trained } = subject;
  const rows = await readHoldout(path, { datasets, config: trained.config });
  const label = `${timeLabel(trained.config, time)} (${basename(path)})`;
  try {
    return await measureHeldOut(subject, { group: "holdout", time, label, rows }, options);
  } finally {
    rows.dispose();
  }
}

/**
 * Measures a bridge at the time of rows that it was not trained on, against the nearest dataset
 * copied and optimal pairs of its neighbours on straight lines. Returns null if it was stopped.
 */
export async function measureHeldOut(
  subject: Subject,
  { group, time, label, rows: truth }: HeldOut,
  { sampling, ...options }: HeldOutOptions,
): Promise<MetricRow[] | null> {
  using context = new Measuring(subject, { ...options, n: mostRows });
  const { seed } = options;
  const room = await affordable(subject, context.options, { ...work, sampling });
  if (!room) return null;
  const most = Math.min(room.n, room.exact);
  const own = (make: () => Tensor) => context.own(make);
  const inUnits = (x: Tensor) => own(() => subject.own("x0", x));
  const first = (x: Tensor, count: number) => own(() => x.narrow(0, 0, Math.min(count, x.size(0))));
  const mixed = (x: Tensor, name: string) => {
    const order = randperm(x.size(0), { generator: stream(seed, `held-out/${name}`) });
    const shuffled = () => x.indexSelect(0, order.to({ device: x.device }));
    return own(() => subsample(shuffled(), "x", { most: 2 * most, seed }));
  };
  const all = mixed(truth, label);
  const n = Math.floor(all.size(0) / 2);
  const data = first(all, n);
  const other = own(() => all.narrow(0, n, all.size(0) - n));
  const datasets = marginalsOf(subject.datasets).map((end, k) => {
    const at = subject.datasets.chain?.times[k] ?? k;
    const name = timeLabel(subject.trained.config, at);
    return { at, name, ...rowsOf(end, seed, (x) => mixed(x, name)) };
  });
  type Dataset = (typeof datasets)[number];
  const start = datasets[0];
  const before = datasets.findLast(({ at }) => at < time) as Dataset;
  const after = datasets.find(({ at }) => at > time) as Dataset;
  const count = Math.min(n, before.x.size(0), after.x.size(0));
  const from = inUnits(first(before.x, count));
  const to = inUnits(first(after.x, count));
  const share = (time - before.at) / (after.at - before.at);
  const line = own(() => between(from, to, share));
  const rows: MetricRow[] = [];
  const measureFrom = async (
    kind: "a" | "b" | "nearest",
    end: Tensor,
    how: { origin: string; meaning: string },
  ): Promise<boolean> => {
    const bounds = { floor: true, ceiling: kind !== "nearest" };
    const variantRows = await measureAs(
      {
        prefix: `${group}_${kind}_`,
        group,
        variant: kind === "nearest" ? "nearest" : "held_out",
        set: {
          ...plainSet,
          start: line,
          end,
          data,
          bounds,
          sampling,
          key: `held-out/${label}/${kind}`,
          reserve: () => other,
        },
        change: ({ title, meaning }, { variants }) => ({
          at: label,
          ...(variants?.includes("nearest") && { held_out: { protocol: kind, misses: null } }),
          title: `${title} at ${label}, ${how.origin}`,
          meaning: `${meaning} ${how.meaning} Floor: another half of the data of ${label}. Ceiling: optimal pairs of ${before.name} and ${after.name} on straight lines.`,
        }),
      },
      { all: metrics, has: () => true },
      context,
    );
    rows.push(...(variantRows ?? []));
    return variantRows !== null;
  };
  const carried = async (kind: "a" | "b", { at, name, x, conditions }: Dataset, origin: string) => {
    const grid = gridBetween(withTime(sampling.grid, time), at, time);
    const sources = first(x, n);
    const result = await transport(subject.bridge, "f", sources, {
      ...options,
      sampling: { ...sampling, grid },
      conditions: mapConditions(conditions, (t) => t.narrow(0, 0, sources.size(0))),
      purpose: `held-out/${kind}`,
      label: `carrying rows of ${name} to ${label}`,
    });
    if (!result) return false;
    const end = inUnits(byMass(result.end, result.weights));
    disposeAll([result.end, result.weights]);
    return measureFrom(kind, end, {
      origin,
      meaning: `A bridge that did not see ${label} carries the rows there.`,
    });
  };
  const isOne = before === start;
  const fromBefore = isOne ? `from ${before.name}` : `from the time before, ${before.name} (a)`;
  if (!(await carried("a", before, fromBefore))) return null;
  const fromFirst = `from the first time, ${start.name} (b)`;
  if (!isOne && !(await carried("b", start, fromFirst))) return null;
  const [nearest, copy] = share <= 0.5 ? [before, from] : [after, to];
  const isMeasured = await measureFrom("nearest", copy, {
    origin: `of the nearest time, ${nearest.name}, copied`,
    meaning: "This is no bridge.",
  });
  return isMeasured ? gradedRows(comparedRows(rows)) : null;
}

/** Rows of both splits, as networks take them. */
export const allRows = (end: EndpointData, seed: number): Tensor =>
  cat(splits.map((split) => testRows(end, Number.POSITIVE_INFINITY, seed, split)));

/** Rows of both splits with their conditions, as networks take them. */
function rowsOf(
  end: EndpointData,
  seed: number,
  change: (x: Tensor) => Tensor,
): { x: Tensor; conditions: Conditions } {
  const most = Number.POSITIVE_INFINITY;
  const [train, test] = splits.map((split) =>
    testConditions({ x0: end, x1: end }, "x0", most, split),
  );
  const joined = (kind: keyof Conditions) => cat([train?.[kind] as Tensor, test?.[kind] as Tensor]);
  return tidy(() => ({
    x: change(allRows(end, seed)),
    conditions: Object.fromEntries(kindsOf(train).map((kind) => [kind, change(joined(kind))])),
  }));
}

/** Optimal pairs of x and y [n, d] on straight lines, at a share of the way. */
function between(x: Tensor, y: Tensor, share: number): Tensor {
  const { permutation } = exactPointPlan(x, y);
  const order = tensor([...(permutation ?? y.toNumbers().keys())], { dtype: "int64" });
  return x.mul(1 - share).add(y.indexSelect(0, order), { alpha: share });
}
