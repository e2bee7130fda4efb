import { type Conditions, cellOf, type Field, ordered, squaredDistances } from "@dsbm/bridge";
import type { AnnotateConfig } from "@dsbm/config";
import { type GrowthCells, timeScale, timeValues } from "@dsbm/datasets";
import { full, type Tensor, tidy } from "@dsbm/torch";
import type { Bridge } from "../bridge.js";
import { gridOf, processTime, timeLabel } from "../plan.js";
import type { FateCells } from "./fates.js";

/** Rows of one time, in the network's units. */
interface TimedRows {
  x: Tensor;
  conditions: Conditions | undefined;
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

export function annotationsOf({
  bridge,
  config,
  names,
  layer,
  fates,
  intervals,
  signal,
}: AnnotationContext): Annotation[] {
  const { trained, units } = bridge;
  const { config: run, method, process } = trained;
  const timeOf = (label: string) => processTime(run, label, "time");
  // At the last time a drift may be undefined: samplers evaluate it at the start of their last step.
  const latest = ordered("f", gridOf(trained, null)).at(-1)?.time ?? 0;
  const unit = timeScale(run)?.length ?? 1;
  const perTime = (field: Field, { x, time }: TimedRows): Tensor =>
    field(x, full([x.size(0)], Math.min(timeOf(time), latest))).div(unit);
  /** The result of `use` for rows at another time, and their masses. */
  const moved = async <T>(
    { x, conditions, time, purpose }: TimedRows,
    { to, draw = 0 }: { to: string; draw?: number },
    use: (x: Tensor, weights: Tensor | null) => T,
  ): Promise<T> => {
    const way = timeOf(to) - timeOf(time);
    if (Math.abs(way) < 1e-9) return tidy(() => use(x, null));
    const { x: end, weights } = await bridge.sample(x, {
      seed: config.seed,
      purpose: `annotate/${purpose}/${draw}`,
      conditions,
      signal,
      direction: way > 0 ? "f" : "b",
      from: time,
      to,
    });
    const values = tidy(() => use(end, weights));
    for (const t of [end, weights]) t?.dispose();
    return values;
  };
  const at = config.at ?? timeLabel(run, 1);
  const annotations: Annotation[] = [
    {
      obsm: `${layer}_at_${at}`,
      columns: names.map((name) => `${name}_at_${at}`),
      values: (rows) => moved(rows, { to: at }, (x) => units.undo(x)),
    },
  ];
  if (bridge.drift("f") ?? bridge.velocity())
    annotations.unshift({
      obsm: `velocity_${layer.replace(/^X_/, "")}`,
      columns: names.map((name) => `velocity_${name}`),
      async values(rows) {
        const field = (bridge.drift("f", rows.conditions) ??
          bridge.velocity(rows.conditions)) as Field;
        return tidy(() => units.undoVectors(rows.x, perTime(field, rows)));
      },
    });
  if (bridge.growth())
    annotations.push({
      obsm: null,
      columns: ["growth_rate"],
      async values(rows) {
        const field = bridge.growth(rows.conditions) as Field;
        return [Float64Array.from(tidy(() => perTime(field, rows).toNumbers()))];
      },
    });
  if (intervals) {
    const times = timeValues(run).map(({ time }) => time);
    annotations.push({
      obsm: null,
      columns: ["growth_low", "growth_high"],
      // The 90 % interval of the mean growth rate of like rows, from the dataset before.
      async values({ x, time }) {
        const place = times.findLastIndex((start) => start <= timeOf(time) + 1e-9);
        const { centres, low, high } = intervals[Math.max(0, place)];
        const cells = tidy(() => cellOf(x, centres).toNumbers());
        return [low, high].map((values) => Float64Array.from(cells, (c) => values[c]));
      },
    });
  }
  if (method.mass) {
    const massAt = (rows: TimedRows, end: 0 | 1) =>
      moved(rows, { to: timeLabel(run, end) }, (x, weights) =>
        weights ? Float64Array.from(weights.toNumbers()) : new Float64Array(x.size(0)).fill(1),
      );
    annotations.push({
      obsm: null,
      columns: ["descendants", "ancestors"],
      values: async (rows) => [await massAt(rows, 1), await massAt(rows, 0)],
    });
  }
  if (fates) {
    const isNoisy = method.predicts !== "velocity" && process.sigma > 0;
    const draws = isNoisy ? config.draws : 1;
    const k = Math.min(config.neighbours, fates.x.size(0));
    annotations.push({
      obsm: null,
      columns: fates.classes.map((name) => `fate_${name}`),
      // Shares of the classes of the nearest cells, over all draws of the noise.
      async values(rows) {
        const shares = fates.classes.map(() => new Float64Array(rows.x.size(0)));
        for (let draw = 0; draw < draws; draw++) {
          const nearest = await moved(rows, { to: timeLabel(run, 1), draw }, (x) => {
            const [, places] = squaredDistances(x, fates.x).topk(k, { dim: 1, largest: false });
            return places.toNumbers();
          });
          for (const [i, place] of nearest.entries()) {
            const share = shares[fates.codes[place]] as Float64Array;
            const row = Math.floor(i / k);
            share[row] = share[row] + 1 / (k * draws);
          }
        }
        return shares;
      },
    });
  }
  return annotations;
}
