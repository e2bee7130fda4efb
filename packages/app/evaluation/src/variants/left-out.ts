// A dataset of a time course that no training saw: the bridge there from the time before it
// (protocol a) and from the first time (protocol b).
import { exactPointPlan, gridBetween, stream, subsample, withTime } from "@dsbm/bridge";
import { type EndpointData, testRows } from "@dsbm/problem";
import type { MetricRow } from "@dsbm/runs";
import { cat, randperm, type Tensor, tensor } from "@dsbm/torch";
import { affordable } from "../afford.js";
import { type MeasureOptions, Measuring } from "../measuring.js";
import { metrics } from "../metrics/index.js";
import { measureSet } from "../rows.js";
import { disposeAll, type Subject } from "../subject.js";
import { byMass, type Sampling, stepAt, transport } from "../transport.js";
import { heldOutSet } from "./holdouts.js";

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
  const nearest = isBefore ? before : after;
  const bounds = { floor: true, ceiling: true };
  const set = (key: string, end: Tensor, how = bounds) =>
    heldOutSet(
      { start: line, end, data, bounds: how },
      { key: `left-out/${dataset.label}/${key}`, sampling, reserve: () => other },
    );
  const pushed = async (start: Dated, rows: Tensor, purpose: string) => {
    const grid = gridBetween(withTime(sampling.grid, dataset.time), start.time, dataset.time);
    const stop = stepAt(grid.times, dataset.time);
    const states: Tensor[] = [];
    const found = await transport(
      subject.bridge,
      "f",
      rows.narrow(0, 0, Math.min(n, rows.size(0))),
      {
        ...context.options,
        sampling: { ...sampling, grid },
        given: undefined,
        purpose: `left-out/${purpose}`,
        label: `carrying rows of ${start.label} to ${dataset.label}`,
        visit(k, state, weights) {
          if (k === stop) states.push(own(() => inUnits(byMass(state, weights))));
        },
      },
    );
    disposeAll([found?.end, found?.weights]);
    return found && (states[0] as Tensor);
  };
  const rows: MetricRow[] = [];
  const measure = async (
    letter: string,
    made: ReturnType<typeof set>,
    how: { names: readonly string[]; words: string; meaning: string },
  ): Promise<boolean> => {
    const chosen = metrics.filter(({ name }) => how.names.includes(name));
    const found = await measureSet(made, chosen, context);
    for (const row of found?.rows ?? [])
      rows.push({
        ...row,
        name: `loo_${letter}_${row.name}`,
        group: "loo",
        at: dataset.label,
        title: `${row.title} at ${dataset.label}, ${how.words}`,
        meaning: `${row.meaning} ${how.meaning} Floor: another half of the data of ${dataset.label}. Ceiling: optimal pairs of ${before.label} and ${after.label} on straight lines.`,
      });
    return found !== null;
  };
  const names = ["w1", "debiased_w1", "variance_kept"];
  const meaning = `A training without ${dataset.label} carries the rows there.`;
  const isOne = before.time === first.time;
  const a = await pushed(before, sources.before, "a");
  const words = isOne ? `from ${before.label}` : `from the time before, ${before.label} (a)`;
  if (!a || !(await measure("a", set("a", a), { names, words, meaning }))) return null;
  if (!isOne) {
    const b = await pushed(first, sources.first, "b");
    const words = `from the first time, ${first.label} (b)`;
    if (!b || !(await measure("b", set("b", b), { names, words, meaning }))) return null;
  }
  const copied = set("nearest", isBefore ? from : to, { floor: true, ceiling: false });
  const isMeasured = await measure("nearest", copied, {
    names: ["w1"],
    words: `of the nearest time, ${nearest.label}, copied`,
    meaning: "This is no bridge.",
  });
  return isMeasured ? rows : null;
}

/** Optimal pairs of x and y [n, d] on straight lines, at a share of the way. */
function between(x: Tensor, y: Tensor, share: number): Tensor {
  const { permutation } = exactPointPlan(x, y);
  const order = tensor([...(permutation ?? y.toNumbers().keys())], { dtype: "int64" });
  return x.mul(1 - share).add(y.indexSelect(0, order), { alpha: share });
}
