import { type Conditions, cellOf, type Field, solverSteps, squaredDistances } from "@dsbm/bridge";
import type { AnnotateConfig } from "@dsbm/config";
import { configChain, type GrowthCells, timeScale } from "@dsbm/datasets";
import { full, type Tensor, tidy } from "@dsbm/torch";
import type { Bridge } from "../bridge.js";
import type { RowDoubts } from "../output/level-texts.js";
import { gridOf, processTime, timeLabel } from "../plan.js";
import type { FateCells } from "./fates.js";

/** Rows of one time, in the network's units. */
interface CourseRows {
  x: Tensor;
  conditions: Conditions | undefined;
  /** In the user's units. */
  time: string;
  /** Key of these rows' noise. */
  purpose: string;
}

/** Columns of values for each row. */
export interface Annotation {
  /** The entry of obsm; null for columns of obs. */
  obsm: string | null;
  /** Names of the columns. */
  columns: readonly string[];
  /** Values of rows by column. */
  values(rows: CourseRows): Promise<Float64Array[]>;
}

interface AnnotationContext {
  bridge: Bridge;
  config: AnnotateConfig;
  /** Names of the run's columns. */
  names: readonly string[];
  /** The source matrix of a .h5ad file. */
  layer: string;
  fates: FateCells | null;
  /** Intervals of growth by dataset; null without. */
  intervals: readonly GrowthCells[] | null;
  /** Finds out what is odd in generated rows. */
  doubts: RowDoubts;
  signal: AbortSignal | undefined;
}

/** The annotations of a run's rows: velocity, state at another time, growth with intervals, masses and fates. */
export function annotationsOf(context: AnnotationContext): Annotation[] {
  const { bridge, config, intervals, fates } = context;
  const at = config.at ?? timeLabel(bridge.trained.config, 1);
  const hasVelocity = (bridge.drift("f") ?? bridge.velocity()) !== null;
  return [
    ...(hasVelocity ? [velocityOf(context)] : []),
    stateAt(context, at),
    ...(bridge.growth() ? [growthRate(context)] : []),
    ...(intervals ? [growthInterval(context, intervals)] : []),
    ...(bridge.trained.method.mass ? [massAnnotation(context)] : []),
    ...(fates ? [fateShares(context, fates)] : []),
  ];
}

const timeOf = ({ bridge }: AnnotationContext, label: string): number =>
  processTime(bridge.trained.config, label, "time");

/** Values of a field at rows x [n, d], per unit of the user's time. */
function perTime(context: AnnotationContext, field: Field, { x, time }: CourseRows): Tensor {
  const { trained } = context.bridge;
  // At the last time a drift may be undefined: samplers evaluate it at the start of their last step.
  const latest = solverSteps("f", gridOf(trained, null)).at(-1)?.time ?? 0;
  const unit = timeScale(trained.config)?.length ?? 1;
  return field(x, full([x.size(0)], Math.min(timeOf(context, time), latest))).div(unit);
}

/** The result of `use` for rows [n, d] at another time, and their masses [n]. */
async function atOtherTime<T>(
  context: AnnotationContext,
  { x, conditions, time, purpose }: CourseRows,
  { to, draw = 0 }: { to: string; draw?: number },
  use: (x: Tensor, weights: Tensor | null) => T,
): Promise<T> {
  const { bridge, config, signal } = context;
  const span = timeOf(context, to) - timeOf(context, time);
  if (Math.abs(span) < 1e-9) return tidy(() => use(x, null));
  const { x: end, weights } = await bridge.sample(x, {
    seed: config.seed,
    purpose: `annotate/${purpose}/${draw}`,
    conditions,
    signal,
    direction: span > 0 ? "f" : "b",
    from: time,
    to,
  });
  const values = tidy(() => use(end, weights));
  for (const t of [end, weights]) t?.dispose();
  return values;
}

const stateAt = (context: AnnotationContext, at: string): Annotation => ({
  obsm: `${context.layer}_at_${at}`,
  columns: context.names.map((name) => `${name}_at_${at}`),
  values: (rows) =>
    atOtherTime(context, rows, { to: at }, (x) => {
      const numbers = context.bridge.units.undo(x);
      // Rows of this time stay as they are.
      if (timeOf(context, at) !== timeOf(context, rows.time)) context.doubts?.add(numbers, x);
      return numbers;
    }),
});

const velocityOf = (context: AnnotationContext): Annotation => ({
  obsm: `velocity_${context.layer.replace(/^X_/, "")}`,
  columns: context.names.map((name) => `velocity_${name}`),
  async values(rows) {
    const { bridge } = context;
    const field = (bridge.drift("f", rows.conditions) ?? bridge.velocity(rows.conditions)) as Field;
    return tidy(() => bridge.units.undoVectors(rows.x, perTime(context, field, rows)));
  },
});

/** Process times of the datasets of the run. */
const timesOf = ({ bridge }: AnnotationContext): readonly number[] =>
  configChain(bridge.trained.config)?.times ?? [0, 1];

/** The mean growth rate until the next dataset; for rows of the last one, since the dataset before. */
function growthRate(context: AnnotationContext): Annotation {
  const run = context.bridge.trained.config;
  const times = timesOf(context);
  const unit = timeScale(run)?.length ?? 1;
  return {
    obsm: null,
    columns: ["growth_rate"],
    async values(rows) {
      const time = timeOf(context, rows.time);
      const next = times.find((one) => one > time + 1e-9) ?? (times.at(-2) as number);
      const span = (next - time) * unit;
      const to = timeLabel(run, next);
      const rates = await atOtherTime(context, rows, { to }, (_, weights) =>
        Float64Array.from(weights?.to("float64").log().div(span).toNumbers() ?? []),
      );
      return [rates];
    },
  };
}

/** The 90 % interval of the mean growth rate of like rows, from the dataset before. */
function growthInterval(context: AnnotationContext, intervals: readonly GrowthCells[]): Annotation {
  const times = timesOf(context);
  return {
    obsm: null,
    columns: ["growth_low", "growth_high"],
    async values({ x, time }) {
      const place = times.findLastIndex((start) => start <= timeOf(context, time) + 1e-9);
      const { centres, low, high } = intervals[Math.max(0, place)];
      const cells = tidy(() => cellOf(x, centres).toNumbers());
      return [low, high].map((values) => Float64Array.from(cells, (c) => values[c]));
    },
  };
}

function massAnnotation(context: AnnotationContext): Annotation {
  const run = context.bridge.trained.config;
  const massAt = (rows: CourseRows, end: 0 | 1) =>
    atOtherTime(context, rows, { to: timeLabel(run, end) }, (x, weights) =>
      weights ? Float64Array.from(weights.toNumbers()) : new Float64Array(x.size(0)).fill(1),
    );
  return {
    obsm: null,
    columns: ["descendants", "ancestors"],
    values: async (rows) => [await massAt(rows, 1), await massAt(rows, 0)],
  };
}

/** Shares of the classes of the nearest cells, over all draws of the noise. */
function fateShares(context: AnnotationContext, fates: FateCells): Annotation {
  const { bridge, config } = context;
  const { method, process, config: run } = bridge.trained;
  const isNoisy = method.predicts !== "velocity" && process.sigma > 0;
  const draws = isNoisy ? config.draws : 1;
  const k = Math.min(config.neighbours, fates.x.size(0));
  const nearestPlaces = (rows: CourseRows, draw: number) =>
    atOtherTime(context, rows, { to: timeLabel(run, 1), draw }, (x) => {
      const [, places] = squaredDistances(x, fates.x).topk(k, { dim: 1, largest: false });
      return places.toNumbers();
    });
  return {
    obsm: null,
    columns: fates.classes.map((name) => `fate_${name}`),
    async values(rows) {
      const shares = fates.classes.map(() => new Float64Array(rows.x.size(0)));
      for (let draw = 0; draw < draws; draw++)
        for (const [i, place] of (await nearestPlaces(rows, draw)).entries()) {
          const share = shares[fates.codes[place]] as Float64Array;
          const row = Math.floor(i / k);
          share[row] = share[row] + 1 / (k * draws);
        }
      return shares;
    },
  };
}
