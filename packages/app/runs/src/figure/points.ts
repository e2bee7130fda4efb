import { z } from "zod";
import { listOf, readIfAs, real } from "../files/json.js";

/** Numbers in row order. JSON has no NaN. */
const flat = z.array(real.catch(Number.NaN));
const kinds = { source: flat, target: flat, generated: flat };

const plane = z
  .object({
    ...kinds,
    k: z.union([z.literal(1), z.literal(2)]),
    /** Each principal component's share of the variance; null: the coordinates are columns. */
    explained: flat.nullable(),
    /** A few paths: the states at each time, in the sampler's order. */
    path: z.object({ times: flat.min(1), states: z.array(flat) }),
    /** Intermediate datasets in the order of the direction, and generated samples there. */
    between: listOf(z.object({ name: z.string(), time: real, data: flat, generated: flat })),
  })
  .refine(({ path }) => path.times.length === path.states.length);

/**
 * Shares of the samples in equal bins of [low, high]; the outer bins include all samples beyond.
 */
const histogram = z
  .object({ ...kinds, column: real, low: real, high: real })
  .refine(
    ({ low, high, source, target, generated }) =>
      high > low &&
      source.length > 0 &&
      target.length === source.length &&
      generated.length === source.length,
  );

/** Velocities, growth and fates of a time course, in the units of the plane and of the user's times. */
const course = z.object({
  /** Data of all times, and where the velocity leads. */
  arrows: z.object({ from: flat, to: flat.nullable() }),
  /** Rates of growth there; null: masses are constant. */
  growth: flat.nullable(),
  /** Total mass by time, of generated rows and of the data; null: constant. */
  mass: z.object({ times: flat, generated: flat, dataTimes: flat, data: flat }).nullable(),
  /** Counts of generated rows by their class at the start and at the end, and of the data there. */
  fates: z
    .object({
      column: z.string(),
      from: z.array(z.string()),
      to: z.array(z.string()),
      counts: z.array(flat),
      data: flat,
    })
    .nullable(),
});

const points = z.object({
  n: real,
  dim: real,
  plane,
  course: course.optional().catch(undefined),
  histograms: listOf(histogram),
});

/**
 * Points of a scatter plot, as a figure saves them: `n` samples of dimension `dim` in a `plane`, a
 * time `course`, and `histograms` of columns.
 */
export type Points = z.output<typeof points>;

/** Points of a time course, as a figure saves them. */
export type Course = z.output<typeof course>;
export type Plane = z.output<typeof plane>;
export type Histogram = z.output<typeof histogram>;

/** Returns null if the file is missing or has another form. Throws RunError "corrupt". */
export const readPoints = (path: string): Points | null => readIfAs(path, points);

/** From the units of networks to the units of the data. */
export interface AxisUnits {
  name(column: number): string;
  /** A value of a column in the units of the data, or its logarithm. */
  value(column: number, x: number): number;
}

export const plainUnits: AxisUnits = { name: (column) => `x[${column}]`, value: (_, x) => x };
