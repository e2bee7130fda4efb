import {
  type Conditions,
  cellOf,
  type Direction,
  type Field,
  ordered,
  squaredDistances,
} from "@dsbm/bridge";
import type { AnnotateConfig } from "@dsbm/config";
import { type GrowthCells, timeScale, timeValues } from "@dsbm/problem";
import { full, type Tensor, tidy } from "@dsbm/torch";
import type { Bridge } from "../bridge.js";
import { gridOf } from "../plan.js";
import { processTime, timeLabel } from "../times.js";
import type { FateCells } from "./fates.js";

/** Rows of one time, in the network's units. */
interface TimedRows {
  x: Tensor;
  given: Conditions | undefined;
  /** In the user's units. */
  time: string;
  /** Key of these rows' noise. */
  purpose: string;
}

export interface Annotation {
  /** The entry of obsm; null for columns of obs. */
  obsm: string | null;
  columns: readonly string[];
  /** Values of rows by column. */
  values(rows: TimedRows): Promise<Float64Array[]>;
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
  signal: AbortSignal | undefined;
}

export function annotationsOf(context: AnnotationContext): Annotation[] {
  const velocity = velocityOf(context);
  const state = stateOf(context);
  const fates = context.fates && fatesOf(context, context.fates);
  const growth = [growthOf(context), intervalsOf(context)];
  return [velocity, state, ...growth, massesOf(context), fates].filter((one) => one !== null);
}

/** The growth rate of a row's mass, per unit of the user's time. */
function growthOf({ bridge }: AnnotationContext): Annotation | null {
  if (!bridge.growth()) return null;
  return {
    obsm: null,
    columns: ["growth_rate"],
    async values(rows) {
      const field = bridge.growth(rows.given) as Field;
      return [Float64Array.from(tidy(() => fieldAt(bridge, field, rows).toNumbers()))];
    },
  };
}

/**
 * A field at rows, per unit of the user's time. At the last time a drift may be undefined: samplers
 * evaluate it at the start of their last step.
 */
function fieldAt({ trained }: Bridge, field: Field, { x, time }: TimedRows): Tensor {
  const latest = ordered("f", gridOf(trained, null)).at(-1)?.time ?? 0;
  const t = Math.min(processTime(trained.config, time, "time"), latest);
  return field(x, full([x.size(0)], t)).div(timeScale(trained.config)?.length ?? 1);
}

/** The 90 % interval of the mean growth rate of like rows, until the next time that was measured. */
function intervalsOf({ bridge, intervals }: AnnotationContext): Annotation | null {
  const { config } = bridge.trained;
  if (!intervals) return null;
  const times = timeValues(config).map(({ time }) => time);
  return {
    obsm: null,
    columns: ["growth_low", "growth_high"],
    async values({ x, time }) {
      const at = processTime(config, time, "time");
      const place = Math.max(
        0,
        times.findLastIndex((own) => own <= at + 1e-9),
      );
      const { centres, low, high } = intervals[place] as GrowthCells;
      const cells = tidy(() => cellOf(x, centres).toNumbers());
      return [low, high].map((values) => Float64Array.from(cells, (c) => values[c] as number));
    },
  };
}

/** The mass of a row at the last time, and its mass at the first time. */
function massesOf(context: AnnotationContext): Annotation | null {
  const { config, method } = context.bridge.trained;
  if (!method.mass) return null;
  const masses = async (rows: TimedRows, end: 0 | 1) => {
    const to = timeLabel(config, end);
    const { moved, weights } = await moveTo(context, rows, { to, draw: 0 });
    const values = weights?.toNumbers() ?? Array.from({ length: moved.size(0) }, () => 1);
    for (const t of [moved, weights]) t?.dispose();
    return Float64Array.from(values);
  };
  return {
    obsm: null,
    columns: ["descendants", "ancestors"],
    values: async (rows) => [await masses(rows, 1), await masses(rows, 0)],
  };
}

/** The drift, per unit of the user's time. */
function velocityOf({ bridge, names, layer }: AnnotationContext): Annotation | null {
  if (!(bridge.drift("f") ?? bridge.velocity())) return null;
  return {
    obsm: `velocity_${layer.replace(/^X_/, "")}`,
    columns: names.map((name) => `velocity_${name}`),
    async values(rows) {
      const field = (bridge.drift("f", rows.given) ?? bridge.velocity(rows.given)) as Field;
      return tidy(() => bridge.units.undoVectors(rows.x, fieldAt(bridge, field, rows)));
    },
  };
}

function stateOf(context: AnnotationContext): Annotation {
  const { bridge, config, names, layer } = context;
  const at = config.at ?? timeLabel(bridge.trained.config, 1);
  return {
    obsm: `${layer}_at_${at}`,
    columns: names.map((name) => `${name}_at_${at}`),
    async values(rows) {
      const { moved, weights } = await moveTo(context, rows, { to: at, draw: 0 });
      const values = bridge.units.undo(moved);
      for (const t of [moved, weights]) t?.dispose();
      return values;
    },
  };
}

/** Shares of the classes of the nearest cells, over all draws of the noise. */
function fatesOf(context: AnnotationContext, cells: FateCells): Annotation {
  const { bridge, config } = context;
  const { method, process, config: run } = bridge.trained;
  const isNoisy = method.predicts !== "velocity" && process.sigma > 0;
  const draws = isNoisy ? config.draws : 1;
  const to = timeLabel(run, 1);
  const k = Math.min(config.neighbours, cells.x.size(0));
  return {
    obsm: null,
    columns: cells.classes.map((name) => `fate_${name}`),
    async values(rows) {
      const n = rows.x.size(0);
      const shares = cells.classes.map(() => new Float64Array(n));
      for (let draw = 0; draw < draws; draw++) {
        const { moved, weights } = await moveTo(context, rows, { to, draw });
        const nearest = tidy(() => {
          const [, places] = squaredDistances(moved, cells.x).topk(k, { dim: 1, largest: false });
          return places.toNumbers();
        });
        for (const t of [moved, weights]) t?.dispose();
        for (const [i, place] of nearest.entries()) {
          const share = shares[cells.codes[place] as number] as Float64Array;
          const row = Math.floor(i / k);
          share[row] = (share[row] as number) + 1 / (k * draws);
        }
      }
      return shares;
    },
  };
}

/** Returns new tensors; rows already at this time stay. */
async function moveTo(
  { bridge, config, signal }: AnnotationContext,
  { x, given, time, purpose }: TimedRows,
  { to, draw }: { to: string; draw: number },
): Promise<{ moved: Tensor; weights: Tensor | null }> {
  const { trained } = bridge;
  const start = processTime(trained.config, time, "time");
  const end = processTime(trained.config, to, "at");
  if (Math.abs(start - end) < 1e-9) return { moved: tidy(() => x.clone().keep()), weights: null };
  const direction: Direction = start < end ? "f" : "b";
  const { x: moved, weights } = await bridge.sample(x, {
    seed: config.seed,
    purpose: `annotate/${purpose}/${draw}`,
    given,
    signal,
    direction,
    from: time,
    to,
  });
  return { moved, weights };
}
