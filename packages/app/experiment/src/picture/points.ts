import { squaredDistances } from "@dsbm/bridge";
import { tableReading } from "@dsbm/config";
import { openRows } from "@dsbm/data";
import { type Datasets, marginalsOf, relativeMasses } from "@dsbm/datasets";
import { type Bridge, type FateCells, fateCells, timeLabel, timeScale } from "@dsbm/inference";
import { type Course, type Points, pickIndexes } from "@dsbm/runs";
import { cat, full, type Tensor, tensor, tidy } from "@dsbm/torch";

const most = {
  points: 400,
  paths: 40,
  times: 17,
  bins: 30,
  columns: 24,
  arrows: 160,
  classes: 12,
};
const fewestBins = 6;

/** Source rows and generated samples row by row, and data of the target, [n, d]. */
interface CarriedVectors {
  direction: "f" | "b";
  start: Tensor;
  end: Tensor;
  data: Tensor;
  path: { states: Tensor; times: readonly number[] };
  /**
   * Data of intermediate times [m, d] in the order of the direction, and the generated samples
   * there [n, d].
   */
  between?: readonly { name: string; time: number; data: Tensor; generated: Tensor }[];
  /**
   * Directions [d, 2] to project on and their shares of the variance; null: the first one or two
   * columns.
   */
  axes: { basis: Tensor; explained: readonly number[] } | null;
}

/** In the units of networks. */
export function pointsOf(carried: CarriedVectors): Points {
  const { direction, start, end, data, path, between = [], axes } = carried;
  return tidy(() => {
    const [n, d] = end.shape as [number, number];
    const [source, target] = direction === "f" ? [start, data] : [data, start];
    const k = d === 1 ? 1 : 2;
    const place = placeIn(carried);
    const first = (x: Tensor, count: number) => x.narrow(0, 0, Math.min(count, x.size(0)));
    const sample = (x: Tensor) => rounded(place(first(x, most.points)));
    const times = pickIndexes(path.times.length, most.times);
    const states = times.map((t) => rounded(place(first(path.states.select(0, t), most.paths))));
    const worst = worstColumns(carried).slice(0, most.columns);
    const indexes = tensor(worst, { dtype: "int64" });
    const sets = { source, target, generated: end };
    const some = Object.values(sets).map((x) => x.indexSelect(1, indexes).t().contiguous());
    return {
      n,
      dim: d,
      plane: {
        k,
        explained: axes?.explained.slice(0, 2) ?? null,
        source: sample(source),
        target: sample(target),
        generated: sample(end),
        path: { times: times.map((t) => path.times[t]), states },
        between: between.map((one) => ({
          name: one.name,
          time: one.time,
          data: sample(one.data),
          generated: sample(one.generated),
        })),
      },
      histograms: worst.map((column, i) => ({
        column,
        ...histogram(some.map((x) => x.select(0, i).toNumbers()) as [number[], number[], number[]]),
      })),
    };
  });
}

/** Coordinates of rows in the plane of a figure. */
export function placeIn({
  direction,
  start,
  data,
  axes,
}: Pick<CarriedVectors, "direction" | "start" | "data" | "axes">): (x: Tensor) => Tensor {
  const [source, target] = direction === "f" ? [start, data] : [data, start];
  const basis = axes && turned(axes.basis, target.mean(0).sub(source.mean(0)));
  return (x) => (basis ? x.matmul(basis) : x.narrow(1, 0, x.size(1) === 1 ? 1 : 2));
}

/** Signs of components point from source to target, whatever the direction, rows or units. */
const turned = (basis: Tensor, way: Tensor): Tensor =>
  basis.mul(way.matmul(basis).ge(0).to(basis.dtype).mul(2).sub(1));

/** By their distance in deviations, without constant columns. */
function worstColumns({ start, end, data }: CarriedVectors): number[] {
  const n = Math.min(end.size(0), data.size(0));
  const sorted = (x: Tensor) => x.narrow(0, 0, n).sort({ dim: 0 })[0];
  const apart = sorted(end).sub(sorted(data)).abs().mean(0);
  const deviations = cat([start, data]).std({ dim: 0, correction: 0 }).toNumbers();
  const distances = apart.toNumbers().map((x, i) => x / deviations[i]);
  const size = (i: number) =>
    Number.isNaN(distances[i]) ? Number.POSITIVE_INFINITY : distances[i];
  const varying = distances.map((_, i) => i).filter((i) => deviations[i] !== 0);
  return varying.sort((i, j) => size(j) - size(i) || i - j);
}

function histogram([source, target, generated]: [number[], number[], number[]]) {
  const ends = [source, target, generated].flatMap((values) => {
    const sorted = values.filter(Number.isFinite).sort((a, b) => a - b);
    const at = (share: number) => sorted[Math.round(share * (sorted.length - 1))] ?? [];
    return [at(0.005), at(0.995)].flat();
  });
  const least = Math.min(...ends);
  const greatest = Math.max(...ends);
  const rows = Math.min(source.length, target.length, generated.length);
  // Rice's rule: few rows have few bins.
  const bins = Math.max(fewestBins, Math.min(most.bins, Math.round(2 * Math.cbrt(rows))));
  const isFlat = greatest - least <= 1e-4 * Math.max(Math.abs(least), Math.abs(greatest));
  const margin = isFlat ? Math.max(1e-3, 0.05 * Math.abs(least)) : 0;
  const [low, high] = [least - margin, greatest + margin].map(short) as [number, number];
  const shares = (values: readonly number[]) => {
    const counts = new Array<number>(bins).fill(0);
    for (const value of values) {
      const bin = Math.floor(((value - low) / (high - low)) * bins);
      if (!Number.isNaN(bin)) counts[Math.min(bins - 1, Math.max(0, bin))] += 1;
    }
    return counts.map((count) => short(count / Math.max(1, values.length)));
  };
  return {
    low,
    high,
    source: shares(source),
    target: shares(target),
    generated: shares(generated),
  };
}

const rounded = (x: Tensor): number[] => x.contiguous().toNumbers().map(short);
const short = (x: number): number => Number(x.toPrecision(5));

const neighbours = 5;
/** The part of an interval that an arrow takes. */
const arrowShare = 0.25;

interface CourseSamples {
  direction: "f" | "b";
  bridge: Bridge;
  datasets: Datasets;
  seed: number;
  /** Rows of each dataset as networks take them, at their process times. */
  dated: readonly { x: Tensor; time: number }[];
  /** Process times of the path, and mean masses there; null without growth. */
  times: readonly number[];
  masses: readonly number[] | null;
  /** Start and end of paths. */
  start: Tensor;
  end: Tensor;
  /** Coordinates in the plane. */
  place(x: Tensor): Tensor;
}

/** Null for two datasets of constant mass, and for conditions. */
export async function courseOf(samples: CourseSamples): Promise<Course | null> {
  const { bridge, datasets, direction, dated, times, masses } = samples;
  const { config, conditioning, method } = bridge.trained;
  if ((!datasets.chain && !method.mass) || conditioning.channels > 0) return null;
  const scale = timeScale(config) ?? { from: 0, length: 1 };
  const inUnits = (time: number) => scale.from + scale.length * time;
  const relative = relativeMasses(config, marginalsOf(datasets));
  const first = (direction === "f" ? relative?.[0] : relative?.at(-1)) ?? 1;
  return {
    ...fieldsOf(samples, scale.length),
    mass: masses &&
      relative && {
        times: times.map(inUnits),
        generated: [...masses],
        dataTimes: dated.map(({ time }) => inUnits(time)),
        data: relative.map((mass) => mass / first),
      },
    fates: await fatesOf(samples),
  };
}

/** Velocities in the plane, and rates of growth in a unit of the user's time. */
function fieldsOf(
  { bridge, direction, dated, times, place }: CourseSamples,
  unit: number,
): Pick<Course, "arrows" | "growth"> {
  const field = bridge.drift(direction) ?? bridge.velocity();
  const growth = bridge.growth();
  // A drift may be undefined at its end.
  const bound = times.at(-2) as number;
  const each = Math.ceil(most.arrows / dated.length);
  const length = arrowShare / (dated.length - 1);
  return tidy(() => {
    const arrows = dated.map(({ x, time }) => {
      const rows = x.narrow(0, 0, Math.min(each, x.size(0)));
      const at = direction === "f" ? Math.min(time, bound) : Math.max(time, bound);
      const t = full([rows.size(0)], at);
      const ahead = field && rows.add(field(rows, t), { alpha: length });
      return { rows, ahead, rate: growth?.(rows, t).div(unit) };
    });
    const joined = (all: readonly (Tensor | null | undefined)[]) =>
      all.every((x) => x) ? cat(all as Tensor[]) : null;
    const from = place(joined(arrows.map(({ rows }) => rows)) as Tensor);
    const ahead = joined(arrows.map((one) => one.ahead));
    const numbers = (x: Tensor | null) => x && rounded(x);
    return {
      arrows: { from: numbers(from) ?? [], to: ahead && numbers(place(ahead)) },
      growth: numbers(joined(arrows.map(({ rate }) => rate))),
    };
  });
}

/** Classes that rows of each class end in, by the nearest rows of both ends; null without classes. */
async function fatesOf(samples: CourseSamples): Promise<Course["fates"]> {
  const { bridge, direction, datasets, seed, start, end } = samples;
  const { config } = bridge.trained;
  const { keep, split_by, missing, where } = config.data;
  const [column] = keep ?? [];
  const path = /^table:(.+)$/.exec(config.Dataset)?.[1];
  if (column === undefined || path === undefined || split_by === null) return null;
  const cellsAt = async (time: number): Promise<FateCells | null> => {
    const source = await openRows(path, tableReading(config.data));
    try {
      return await fateCells(source, bridge, {
        column,
        names: datasets.columns?.names ?? [],
        missing,
        where,
        seed,
        signal: undefined,
        at: timeLabel(config, time),
      });
    } catch {
      // A column of numbers, or of too many texts, has no classes.
      return null;
    } finally {
      source.close();
    }
  };
  const [from, to] = direction === "f" ? [0, 1] : [1, 0];
  const before = await cellsAt(from);
  const after = before && (await cellsAt(to));
  try {
    if (!before || !after || Math.max(before.classes.length, after.classes.length) > most.classes)
      return null;
    const began = classesOf(start, before);
    const ended = classesOf(end, after);
    const counts = before.classes.map(() => after.classes.map(() => 0));
    for (const [i, code] of began.entries()) counts[code][ended[i]]++;
    const data = after.classes.map((_, k) => after.codes.filter((code) => code === k).length);
    return { column, from: [...before.classes], to: [...after.classes], counts, data };
  } finally {
    before?.x.dispose();
    after?.x.dispose();
  }
}

/** The most frequent class of the nearest cells of each row. */
function classesOf(x: Tensor, { x: cells, codes, classes }: FateCells): number[] {
  const k = Math.min(neighbours, cells.size(0));
  const places = tidy(() =>
    squaredDistances(x, cells).topk(k, { dim: 1, largest: false })[1].toNumbers(),
  );
  return Array.from({ length: x.size(0) }, (_, i) => {
    const votes = classes.map(() => 0);
    for (const place of places.slice(i * k, (i + 1) * k)) votes[codes[place]]++;
    return votes.indexOf(Math.max(...votes));
  });
}
