import type { ColumnCategory } from "@dsbm/data";
import { Clock, type MetricRow, silentProgress, type Verdict } from "@dsbm/runs";
import type { Tensor } from "@dsbm/torch";
import {
  MeasurementContext,
  type MeasureOptions,
  type Metric,
  plainSet,
  type SampleSet,
} from "./metric.js";
import { sampleMetrics } from "./metrics/index.js";
import { measureSet, type SetMeasurement } from "./set-measurement.js";
import type { SampleSubject } from "./subject.js";
import { samplesName } from "./verdict/evidence.js";
import { gradedRows } from "./verdict/grade.js";
import { verdictOn } from "./verdict/verdict.js";

const decisiveMetrics = sampleMetrics.filter(({ role }) => role !== undefined);

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
  chosen?: readonly Metric<SampleSubject>[];
  names: { source: string; target: string };
  columns?: readonly string[] | null;
  categories?: readonly ColumnCategory[] | undefined;
  /** The file of Inception-v3, for FID and KID (default: neither). */
  inception?: string | null;
}

/** The rows and the verdict of `dsbm evaluate` for these samples. Returns null if it was stopped. */
export async function judgeSamples(
  { source, generated, target, reserve }: DrawnSamples,
  { seed, chosen, names, columns = null, categories, inception = null, ...options }: JudgeOptions,
): Promise<(SetMeasurement & { verdict: Verdict | null }) | null> {
  const subject: SampleSubject = {
    datasets: { shape: target.shape.slice(1) },
    trained: { config: { metrics: { inception, fid_statistics: null } } },
    names: columns,
    categories,
    own: (_, rows) => rows,
  };
  using context = new MeasurementContext(subject, {
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
    sourceRows: source ?? generated,
    generatedRows: generated,
    targetRows: target,
    bounds: { floor: true, ceiling: source !== null },
    floorRows: () => reserve,
  };
  const setResult = await measureSet(set, chosen ?? decisiveMetrics, context);
  if (!setResult) return null;
  const withoutCeiling = ({ excess: _, ...row }: MetricRow) => ({ ...row, ceiling: null });
  const rows = gradedRows(source ? setResult.rows : setResult.rows.map(withoutCeiling));
  const facts = {
    names,
    what: samplesName(subject.datasets),
    n_held_out: [generated.size(0), target.size(0)] as const,
  };
  return { ...setResult, rows, verdict: source && verdictOn("f", rows, facts) };
}
