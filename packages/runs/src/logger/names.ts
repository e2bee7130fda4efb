// How metrics are called: the reference's way, f/ or b/ first, then train/ or test/, and ode/ for what the
// deterministic sampler made.
import type { Cell } from "../files/csv.js";
import type { Direction } from "../run/layout.js";
import type { LogValues } from "./logger.js";

/** Where a metric was taken. */
export interface MetricPlace {
  direction: Direction;
  /** On what the network is trained with, or on what was held out. */
  stage: "train" | "test";
  /** Whether the probability flow made the samples instead of the stochastic sampler (default false). */
  ode?: boolean;
}

/** The name of a metric: "b/train/loss", "f/test/fid", "f/test/ode/fid". */
export function metricName({ direction, stage, ode = false }: MetricPlace, key: string): string {
  return `${direction}/${stage}/${ode ? "ode/" : ""}${key}`;
}

/** The numbers of a row under their names; texts and keys of position (`except`) are left out. */
export function namedMetrics(
  place: MetricPlace,
  row: Readonly<Record<string, Cell | undefined>>,
  {
    except = ["half_iteration", "iteration", "direction", "step"],
  }: { except?: readonly string[] } = {},
): LogValues {
  const named = Object.entries(row).flatMap(([key, value]) =>
    typeof value === "number" && !except.includes(key) ? [[metricName(place, key), value]] : [],
  );
  return Object.fromEntries(named);
}
