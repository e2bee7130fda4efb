// The course of a bridge between several times or with growth: velocities, rates, masses and fates in the plane.
import { type Conditions, squaredDistances } from "@dsbm/bridge";
import { tableReading } from "@dsbm/config";
import { openRows } from "@dsbm/data";
import { type Datasets, marginalsOf, relativeMasses } from "@dsbm/datasets";
import { type Bridge, type FateCells, fateCells, timeLabel, timeScale } from "@dsbm/inference";
import type { Course } from "@dsbm/runs";
import { cat, full, type Tensor, tidy } from "@dsbm/torch";
import { roundedNumbers } from "./points.js";

const mostArrows = 160;
const mostClasses = 12;
const neighbours = 5;
/** The part of an interval that an arrow takes. */
const arrowShare = 0.25;

interface CourseSamples {
  direction: "f" | "b";
  bridge: Bridge;
  datasets: Datasets;
  seed: number;
  /** Rows of each dataset as networks take them, at their process times, and the conditions of the first rows. */
  dated: readonly {
    x: Tensor;
    time: number;
    conditions(rows: number): Conditions | undefined;
  }[];
  /** Process times of the path, and mean masses there; null without growth. */
  times: readonly number[];
  masses: readonly number[] | null;
  /** Start and end of paths. */
  start: Tensor;
  end: Tensor;
  /** Coordinates in the plane. */
  place(x: Tensor): Tensor;
}

/** The fields, masses and fates of a course. Returns null for two datasets of constant mass. */
export async function courseOf(samples: CourseSamples): Promise<Course | null> {
  const { bridge, datasets, direction, dated, times, masses } = samples;
  const { config, method } = bridge.trained;
  if (!datasets.chain && !method.mass) return null;
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
  // A drift may be undefined at its end.
  const bound = times.at(-2) as number;
  const each = Math.ceil(mostArrows / dated.length);
  const length = arrowShare / (dated.length - 1);
  return tidy(() => {
    const arrows = dated.map(({ x, time, conditions }) => {
      const rows = x.narrow(0, 0, Math.min(each, x.size(0)));
      const given = conditions(rows.size(0));
      const field = bridge.drift(direction, given) ?? bridge.velocity(given);
      const growth = bridge.growth(given);
      const at = direction === "f" ? Math.min(time, bound) : Math.max(time, bound);
      const t = full([rows.size(0)], at);
      const ahead = field && rows.add(field(rows, t), { alpha: length });
      return { rows, ahead, rate: growth?.(rows, t).div(unit) };
    });
    const rowsOf = (all: readonly (Tensor | null | undefined)[]) =>
      all.every((x) => x) ? cat(all as Tensor[]) : null;
    const from = place(rowsOf(arrows.map(({ rows }) => rows)) as Tensor);
    const ahead = rowsOf(arrows.map((one) => one.ahead));
    const numbers = (x: Tensor | null) => x && roundedNumbers(x);
    return {
      arrows: {
        from: numbers(from) ?? [],
        to: ahead && numbers(place(ahead)),
        span: length * unit,
      },
      growth: numbers(rowsOf(arrows.map(({ rate }) => rate))),
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
    if (!before || !after || Math.max(before.classes.length, after.classes.length) > mostClasses)
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
