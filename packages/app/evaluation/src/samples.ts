import {
  Clock,
  gradedRows,
  type MetricRow,
  silentProgress,
  type Verdict,
  verdictOn,
} from "@dsbm/runs";
import type { Tensor } from "@dsbm/torch";
import { type MeasureOptions, Measuring } from "./measuring.js";
import type { Metric, SampleSet } from "./metric.js";
import { metrics } from "./metrics/index.js";
import { type Measured, measureSet } from "./rows.js";
import type { Subject } from "./subject.js";

const decisive = metrics.filter(({ name }) =>
  /^(feature_distance|sliced_w2|c2st|variance_kept(_least)?)$/.test(name),
);

/** Vectors [n, d], or images [n, C, H, W]. */
export interface DrawnSamples {
  /** Null: no ceilings and no verdict. */
  source: Tensor | null;
  /** One row for each source row. */
  generated: Tensor;
  /**
   * Held-out target rows, and further target rows for floors: at least twice as many as source
   * rows.
   */
  target: Tensor;
  reserve: Tensor;
}

interface JudgeOptions extends Partial<MeasureOptions> {
  seed: number;
  chosen?: readonly Metric[];
  names: { source: string; target: string };
  columns?: readonly string[] | null;
}

/** What most sets of samples have alike. */
export const plainSet: Omit<SampleSet, "key" | "start" | "end" | "data" | "reserve" | "shared"> = {
  direction: "f",
  from: "x0",
  side: "x1",
  unit: 1,
  sampling: { solver: "sde", grid: { times: [0, 1], steps: [1] } },
  given: undefined,
  weights: null,
  states: new Map(),
  energy: null,
};

/** The rows and the verdict of `dsbm evaluate` for these samples. Returns null if it was stopped. */
export async function judgeSamples(
  { source, generated, target, reserve }: DrawnSamples,
  { seed, chosen, names, columns = null, ...options }: JudgeOptions,
): Promise<(Measured & { verdict: Verdict | null }) | null> {
  const shape = target.shape.slice(1);
  // Metrics of two samples ask for the shape and the target alone, never for a bridge.
  const subject = {
    ends: { shape, x1: { test: target }, chain: null, exact: null, projection: null },
    trained: { config: { metrics: {} } },
    vectors: shape.length === 1,
    unit: 1,
    names: columns,
    own: (_: unknown, rows: Tensor) => rows,
  } as unknown as Subject;
  using context = new Measuring(subject, {
    n: generated.size(0),
    seed,
    split: "test",
    exact: 2000,
    threads: 1,
    intervals: true,
    clock: new Clock(),
    progress: silentProgress,
    signal: undefined,
    ...options,
  });
  const set: SampleSet = {
    ...plainSet,
    key: "drawn",
    start: source ?? generated,
    end: generated,
    data: target,
    bounds: { floor: true, ceiling: source !== null },
    reserve: () => reserve,
  };
  const measured = await measureSet(set, chosen ?? decisive, context);
  if (!measured) return null;
  const withoutCeiling = ({ excess: _, ...row }: MetricRow) => ({ ...row, ceiling: null });
  const rows = gradedRows(source ? measured.rows : measured.rows.map(withoutCeiling));
  const facts = {
    names,
    what: subject.vectors ? "rows" : "images",
    n_held_out: [generated.size(0), target.size(0)] as const,
    commands: { longer: "", sample: "", measure: "" },
  };
  return { ...measured, rows, verdict: source && verdictOn("f", rows, facts) };
}
