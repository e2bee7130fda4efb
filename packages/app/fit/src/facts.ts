import {
  exactPointPlan,
  growthLength,
  intervalsOf,
  type LeftOutDistance,
  leftOutDistances,
  squaredDistances,
  stream,
} from "@dsbm/bridge";
import { type Datasets, type EndpointData, marginalsOf } from "@dsbm/datasets";
import { average } from "@dsbm/runs";
import { randperm, type Tensor, tensor, tidy } from "@dsbm/torch";

/** Sizes and distances of the data, from which `fit` chooses options. */
export interface DataFacts {
  shape: readonly number[];
  /** Training rows of each dataset. */
  rows: readonly number[];
  /** Held-out rows of each dataset. */
  heldOut: readonly number[];
  /** Median distance of pairs of an exact plan between source and target rows, divided by √d. */
  transport: number;
  /**
   * Median distance of two rows of one dataset divided by √(2d), mean over source and target: the
   * deviation of Gaussian data.
   */
  spread: number;
}

/** How paths fit a time course of vectors. */
export interface CourseFacts {
  /** For each inner dataset, how far paths through the others miss it. */
  leftOut: readonly LeftOutDistance[];
  /** The lengths of growth that `leftOut` compares. */
  deltas: readonly number[];
  /** Rows of each dataset in the comparison. */
  rows: number;
}

const mostRows = 1000;

/** Fewer rows in less time than `enough`. */
const rowsIn = (minutes: number | null, enough: number): number =>
  Math.ceil(mostRows * Math.min(1, (minutes ?? enough) / enough));
/** Columns up to which exact distances of many rows are quick. */
const quickColumns = 10;
/** Lengths to try, as parts of the length that the plan of all rows asks for. */
const lengthParts = [0.5, 0.25];

/**
 * Measures random training rows. With several datasets: means over the intervals, each in its own
 * units (see `Chain`).
 */
export function dataFacts(datasets: Datasets, seed: number, minutes: number | null): DataFacts {
  const all = trainingRowsOf(datasets);
  const rows = all.map(({ train }) => train.size(0));
  const intervals = datasets.chain ? intervalsOf(datasets.chain) : [{ index: 0, unit: 1 }];
  const count = rowsIn(minutes, datasets.shape.length > 1 ? 10 : 1);
  const distances = intervals.map(({ index, unit }) => {
    const x0 = all[index];
    const x1 = all[index + 1];
    const { transport, spread } = pairFacts({ x0, x1, seed, count });
    return { transport: transport / unit, spread: spread / unit };
  });
  const mean = (of: (one: (typeof distances)[number]) => number) => average(distances.map(of));
  return {
    shape: datasets.encoding ? (all[0] as TrainingRows).train.shape.slice(1) : datasets.shape,
    rows,
    heldOut: marginalsOf(datasets).map(({ test }) => test.size(0)),
    transport: mean((one) => one.transport),
    spread: mean((one) => one.spread),
  };
}

type TrainingRows = Pick<EndpointData, "train" | "decode">;

/** The training rows of all datasets in the order of their times, as networks take them after `decode`. */
function trainingRowsOf(datasets: Datasets): TrainingRows[] {
  const { encoding, rows } = datasets;
  if (!encoding || !rows) return marginalsOf(datasets);
  const decode = (x: Tensor) => x;
  return [rows.x0, rows.x1].map((train) => ({ train, decode }));
}

/** Measures random training rows of a time course of vectors, fewer in a short time; null for other data. */
export function courseFacts(
  datasets: Datasets,
  seed: number,
  minutes: number | null,
): CourseFacts | null {
  const { chain, shape } = datasets;
  if (!chain || shape.length > 1) return null;
  return tidy(() => {
    const all = marginalsOf(datasets);
    const least = Math.min(...all.map(({ train }) => train.size(0)));
    const factor = shape[0] > quickColumns ? 1 : 2;
    const count = Math.min(factor * rowsIn(minutes, 5), least);
    const sets = all.map((one, k) => someRows(one, "x1", { count, seed: seed + k }));
    const equal = sets.map(() => 1);
    const length = growthLength(sets, equal);
    const deltas = lengthParts.map((part) => part * length);
    return { deltas, rows: count, leftOut: leftOutDistances(sets, chain.times, deltas) };
  });
}

function pairFacts({
  x0,
  x1,
  seed,
  count,
}: Record<"x0" | "x1", TrainingRows> & { seed: number; count: number }) {
  return tidy(() => {
    const planned = Math.min(count, x0.train.size(0), x1.train.size(0));
    const a = someRows(x0, "x0", { count: planned, seed });
    const b = someRows(x1, "x1", { count: planned, seed });
    const d = a.size(1);
    const { permutation } = exactPointPlan(a, b);
    const partners = b.indexSelect(0, tensor(BigInt64Array.from(permutation ?? [], BigInt)));
    const transport = median(a.sub(partners).square().sum(1).sqrt()) / Math.sqrt(d);
    const spread = (distanceWithin(a) + distanceWithin(b)) / 2;
    return { transport, spread };
  });
}

/** Random training rows as networks see them: float32 [count, d]. */
function someRows(
  { train, decode }: TrainingRows,
  end: "x0" | "x1",
  { count, seed }: { count: number; seed: number },
): Tensor {
  const generator = stream(seed, `fit/facts/${end}`);
  const order = randperm(train.size(0), { generator }).narrow(0, 0, count);
  const taken = train.indexSelect(0, order.to({ device: train.device }));
  return decode(taken, { end, generator: stream(seed, `fit/decode/${end}`, taken.device) })
    .to({ device: "cpu", dtype: "float32" })
    .flatten({ startDim: 1 });
}

const median = (t: Tensor): number => t.flatten().median().item();

function distanceWithin(x: Tensor): number {
  const n = Math.min(500, x.size(0));
  const some = x.narrow(0, 0, n);
  const squares = squaredDistances(some, some);
  // Each row's distance from itself is the least: the rank moves up by these.
  const sorted = squares.flatten().sort()[0];
  const rank = n + Math.floor((n * n - n) / 2);
  return Math.sqrt(sorted.select(0, Math.min(rank, n * n - 1)).item() / (2 * x.size(1)));
}
