// Names of metrics, as in the reference: f/ or b/ first, then train/ or test/, and ode/ for samples of the
// deterministic sampler.
import type { Cell } from "../files/csv.js";
import type { Direction } from "../run/layout.js";
import type { LogValues } from "./logger.js";

/** What a metric was measured on. */
export interface MetricPlace {
  direction: Direction;
  /** Training data or held-out data. */
  stage: "train" | "test";
  /** Whether the samples are those of the probability flow instead of the stochastic sampler (default false). */
  ode?: boolean;
}

/** The name of a metric: "b/train/loss", "f/test/fid", "f/test/ode/fid". */
export function metricName({ direction, stage, ode = false }: MetricPlace, key: string): string {
  return `${direction}/${stage}/${ode ? "ode/" : ""}${key}`;
}

/** Columns that say where a row belongs. */
const places = ["half_iteration", "iteration", "direction", "step"];

/** The numbers of a row under their names; texts and the columns that say where it belongs are left out. */
export function namedMetrics(
  place: MetricPlace,
  row: Readonly<Record<string, Cell | undefined>>,
): LogValues {
  const numbers = Object.entries(row).filter(
    (entry): entry is [string, number] =>
      typeof entry[1] === "number" && !places.includes(entry[0]),
  );
  return Object.fromEntries(numbers.map(([key, value]) => [metricName(place, key), value]));
}
