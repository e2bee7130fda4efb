// points.json of an evaluation: what its figures show.
import { z } from "zod";
import { listOf, readIfAs, realNumber } from "../files/json.js";

/** Numbers in row order. JSON has no NaN. */
const numberList = z.array(realNumber.catch(Number.NaN));
const pointSets = { source: numberList, target: numberList, generated: numberList };

const plane = z
  .object({
    ...pointSets,
    k: z.union([z.literal(1), z.literal(2)]),
    /** Each principal component's share of the variance; null: the coordinates are columns. */
    explained: numberList.nullable(),
    /** The largest weights of each component with their columns; missing in files of earlier versions. */
    weights: z
      .array(z.array(z.object({ column: realNumber, weight: realNumber })))
      .optional()
      .catch(undefined),
    /** A few paths: the states at each time, in the sampler's order. */
    path: z.object({ times: numberList.min(1), states: z.array(numberList) }),
    /** Intermediate datasets in the order of the direction, and generated samples there. */
    between: listOf(
      z.object({ name: z.string(), time: realNumber, data: numberList, generated: numberList }),
    ),
  })
  .refine(({ path }) => path.times.length === path.states.length);

/**
 * Shares of the samples in equal bins of [low, high]; the outer bins include all samples beyond.
 */
const histogram = z
  .object({ ...pointSets, column: realNumber, low: realNumber, high: realNumber })
  .refine(
    ({ low, high, source, target, generated }) =>
      high > low &&
      source.length > 0 &&
      target.length === source.length &&
      generated.length === source.length,
  );

/** Velocities, growth and fates of a time course, in the units of the plane and of the user's times. */
const course = z.object({
  /** Data of all times, and where the velocity leads in a `span` of the user's time. */
  arrows: z.object({
    from: numberList,
    to: numberList.nullable(),
    span: realNumber.optional().catch(undefined),
  }),
  /** Rates of growth there; null: masses are constant. */
  growth: numberList.nullable(),
  /** Total mass by time, of generated rows and of the data; null: constant. */
  mass: z
    .object({ times: numberList, generated: numberList, dataTimes: numberList, data: numberList })
    .nullable(),
  /** Counts of generated rows by their class at the start and at the end, and of the data there. */
  fates: z
    .object({
      column: z.string(),
      from: z.array(z.string()),
      to: z.array(z.string()),
      counts: z.array(numberList),
      data: numberList,
    })
    .nullable(),
});

/** Shares of rows by the level of a category. */
const category = z
  .object({ ...pointSets, name: z.string(), levels: z.array(z.string()).min(1) })
  .refine(({ levels, source, target, generated }) =>
    [source, target, generated].every(({ length }) => length === levels.length),
  );

const conditionPoints = z.object({ ...pointSets, label: z.string() });

const rowCounts = z.object({ source: realNumber, target: realNumber, generated: realNumber });

const points = z.object({
  n: realNumber,
  dim: realNumber,
  /** Rows that histograms and shares count; missing in files of earlier versions. */
  rows: rowCounts.optional().catch(undefined),
  plane,
  course: course.optional().catch(undefined),
  histograms: listOf(histogram),
  categories: listOf(category),
  /** Points of each class or range of the condition. */
  conditions: listOf(conditionPoints),
});

/**
 * Points of a scatter plot, as a figure saves them: `n` samples of dimension `dim` in a `plane`, a
 * time `course`, `histograms` of columns, and shares of `categories`.
 */
export type Points = z.output<typeof points>;

/** Shares of the levels of a category. */
export type CategoryShares = z.output<typeof category>;
/** Points of a class or a range of the condition. */
export type ConditionPoints = z.output<typeof conditionPoints>;
/** Points of a time course, as a figure saves them. */
export type Course = z.output<typeof course>;
/** Coordinates of samples and paths in a plane. */
export type Plane = z.output<typeof plane>;
/** Shares of the values of a column in bins. */
export type Histogram = z.output<typeof histogram>;

/**
 * Returns null if the file is missing or has another form.
 * @throws {RunError} "corrupt".
 */
export const readPoints = (path: string): Points | null => readIfAs(path, points);
