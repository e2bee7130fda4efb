// A dataset of a time course that no training saw: the bridge there from the time before it
// (protocol a) and from the first time (protocol b).
import { exactPointPlan, gridBetween, stream, subsample, withTime } from "@dsbm/bridge";
import { type EndpointData, testRows } from "@dsbm/problem";
import type { MetricRow } from "@dsbm/runs";
import { cat, randperm, type Tensor, tensor } from "@dsbm/torch";
import { affordable } from "../afford.js";
import { type MeasureOptions, Measuring } from "../measuring.js";
import { metrics } from "../metrics/index.js";
import { measureAs, type Variant } from "../rows.js";
import type { Subject } from "../subject.js";
import type { Sampling } from "../transport.js";
import { heldOutSet, statesAt } from "./holdouts.js";

/** A dataset at a process time, which its label has in the user's units. */
export interface Dated {
  end: EndpointData;
  time: number;
  label: string;
}

export interface LeftOut {
  dataset: Dated;
  before: Dated;
  after: Dated;
  first: Dated;
}

const mostRows = 2000;
/** Exact distances of both protocols, with floors and ceilings. */
const work = { direction: "f", transports: 2, distances: 40 } as const;

/**
 * Measures a bridge at the time of a dataset that it was not trained on, against the nearest
 * dataset copied and optimal pairs of its neighbours on straight lines. Returns null if it was
 * stopped.
 */
export async function measureLeftOut(
  subject: Subject,
  { dataset, before, after, first }: LeftOut,
  { sampling, ...given }: Omit<MeasureOptions, "n" | "exact"> & { sampling: Sampling },
): Promise<MetricRow[] | null> {
  using context = new Measuring(subject, { ...given, n: mostRows, exact: mostRows });
  const { seed } = given;
  const room = await affordable(subject, context.options, { ...work, sampling });
  if (!room) return null;
  const most = Math.min(room.n, room.exact);
  const own = (make: () => Tensor) => context.own(make);
  const inUnits = (x: Tensor) => subject.own("x0", x);
  const shuffled = (x: Tensor, purpose: string) =>
    x.indexSelect(0, randperm(x.size(0), { generator: stream(seed, `left-out/${purpose}`) }));
  const rowsOf = ({ end, label }: Dated) =>
    own(() =>
      subsample(
        shuffled(
          cat((["train", "test"] as const).map((split) => testRows(end, Infinity, seed, split))),
          label,
        ),
        "x",
        { most: 2 * most, seed },
      ),
    );
  const all = rowsOf(dataset);
  const n = Math.floor(all.size(0) / 2);
  const data = own(() => inUnits(all.narrow(0, 0, n)));
  const other = own(() => inUnits(all.narrow(0, n, all.size(0) - n)));
  const sources = { before: rowsOf(before), after: rowsOf(after), first: rowsOf(first) };
  const count = Math.min(n, sources.before.size(0), sources.after.size(0));
  const [from, to] = [sources.before, sources.after].map((x) =>
    own(() => inUnits(x.narrow(0, 0, count))),
  ) as [Tensor, Tensor];
  const share = (dataset.time - before.time) / (after.time - before.time);
  const line = own(() => between(from, to, share));
  const isBefore = share <= 0.5;
  const variant = (
    letter: string,
    end: Tensor,
    how: { metrics: readonly string[]; words: string; meaning: string; ceiling: boolean },
  ): Variant => ({
    prefix: `loo_${letter}_`,
    group: "loo",
    metrics: how.metrics,
    set: heldOutSet(
      { start: line, end, data, bounds: { floor: true, ceiling: how.ceiling } },
      { key: `left-out/${dataset.label}/${letter}`, sampling, reserve: () => other },
    ),
    change: ({ title, meaning }) => ({
      at: dataset.label,
      title: `${title} at ${dataset.label}, ${how.words}`,
      meaning: `${meaning} ${how.meaning} Floor: another half of the data of ${dataset.label}. Ceiling: optimal pairs of ${before.label} and ${after.label} on straight lines.`,
    }),
  });
  const rows: MetricRow[] = [];
  const measured = async (one: Variant): Promise<boolean> => {
    const found = await measureAs(one, { all: metrics, has: () => true }, context);
    rows.push(...(found ?? []));
    return found !== null;
  };
  const carried = async (letter: "a" | "b", start: Dated, x: Tensor, words: string) => {
    const grid = gridBetween(withTime(sampling.grid, dataset.time), start.time, dataset.time);
    const states = await statesAt(context, x.narrow(0, 0, Math.min(n, x.size(0))), {
      sampling: { ...sampling, grid },
      times: [dataset.time],
      given: undefined,
      purpose: `left-out/${letter}`,
      label: `carrying rows of ${start.label} to ${dataset.label}`,
    });
    const how = {
      metrics: ["w1", "debiased_w1", "variance_kept"],
      words,
      meaning: `A training without ${dataset.label} carries the rows there.`,
      ceiling: true,
    };
    return states !== null && measured(variant(letter, states[0] as Tensor, how));
  };
  const isOne = before.time === first.time;
  const words = isOne ? `from ${before.label}` : `from the time before, ${before.label} (a)`;
  if (!(await carried("a", before, sources.before, words))) return null;
  const fromFirst = `from the first time, ${first.label} (b)`;
  if (!isOne && !(await carried("b", first, sources.first, fromFirst))) return null;
  const isMeasured = await measured(
    variant("nearest", isBefore ? from : to, {
      metrics: ["w1"],
      words: `of the nearest time, ${(isBefore ? before : after).label}, copied`,
      meaning: "This is no bridge.",
      ceiling: false,
    }),
  );
  return isMeasured ? rows : null;
}

/** Optimal pairs of x and y [n, d] on straight lines, at a share of the way. */
function between(x: Tensor, y: Tensor, share: number): Tensor {
  const { permutation } = exactPointPlan(x, y);
  const order = tensor([...(permutation ?? y.toNumbers().keys())], { dtype: "int64" });
  return x.mul(1 - share).add(y.indexSelect(0, order), { alpha: share });
}
