import type { Position } from "@dsbm/problem";
import { Clock, type LoggedMetric, placeColumns } from "@dsbm/runs";
import {
  MeasurementContext,
  type MeasureOptions,
  type Metric,
  type MetricColumns,
  type MetricData,
  type SampleSet,
} from "./metric.js";
import { gaussianMetrics } from "./metrics/gaussian.js";
import { metrics } from "./metrics/index.js";
import { affordableRows } from "./sampling/affordable-rows.js";
import { collectSamples } from "./sampling/collect-samples.js";
import { checkScale } from "./sampling/divergence.js";
import type { Sampling } from "./sampling/sample-in-batches.js";
import { measureSet } from "./set-measurement.js";
import { inRandomOrder, type Subject } from "./subject.js";
import { disposeAll } from "./tensors.js";

function metricsFor(data: MetricData): (Metric & { columns: MetricColumns })[] {
  const all = metrics.filter(
    (one): one is Metric & { columns: MetricColumns } => one.columns !== undefined,
  );
  const applicable = all.filter(({ serves }) => (serves?.(data) ?? null) === null);
  return data.datasets.exact
    ? applicable.filter((one) => gaussianMetrics.includes(one))
    : applicable;
}

const columnsOf = ({ value, target, floor, ceiling }: MetricColumns): string[] =>
  [value, target, floor, ceiling].filter((column) => column !== undefined);

/** The columns of a run's results.csv, with their meanings. */
export function columnsFor(data: MetricData): { columns: string[]; logged: LoggedMetric[] } {
  const logged = metricsFor(data);
  return {
    columns: [
      ...placeColumns.before,
      ...logged.flatMap((metric) => columnsOf(metric.columns)),
      ...placeColumns.after,
    ],
    logged: logged.map(
      ({ name, title, group, meaning, scale, columns, onRequest, isHeadline }) => ({
        name,
        title,
        group,
        meaning,
        columns,
        ...(scale && { scale }),
        isMain: onRequest !== true,
        ...(isHeadline && { isHeadline }),
      }),
    ),
  };
}

/** The samples of an evaluation and its row of results.csv; dispose it. */
export interface Evaluation extends Disposable {
  result: Record<string, number | string | null> & {
    half_iteration: number;
    direction: string;
    step: number;
  };
  at: Position;
  set: SampleSet;
  context: MeasurementContext;
}

/** Sampling of an evaluation; `steps` are steps of each interval. */
export interface EvaluationSampling extends Sampling {
  steps: number;
}

type EvaluatorOptions = Pick<MeasureOptions, "split" | "progress" | "signal" | "threads">;

/** Evaluates one bridge after each change of its parameters. */
export class Evaluator implements Disposable {
  private constructor(
    readonly context: MeasurementContext,
    private readonly metrics: readonly (Metric & { columns: MetricColumns })[],
  ) {}

  /**
   * Returns null if it was stopped.
   * @throws errors of the configuration's files.
   */
  static async open(subject: Subject, options: EvaluatorOptions): Promise<Evaluator | null> {
    const { config } = subject.trained;
    const { datasets, orders } = inRandomOrder(subject.datasets, config.seed);
    const context = new MeasurementContext(
      { ...subject, datasets },
      {
        ...options,
        n: config.test_npar,
        seed: config.seed,
        exact: 2000,
        intervals: false,
        clock: new Clock(),
      },
    );
    context.keep({ [Symbol.dispose]: () => disposeAll(orders) });
    const logged = metricsFor({ datasets, config });
    try {
      for (const metric of logged) {
        await metric.prepare?.(context);
        if (!options.signal?.aborted) continue;
        context[Symbol.dispose]();
        return null;
      }
      return new Evaluator(context, logged);
    } catch (error) {
      context[Symbol.dispose]();
      throw error;
    }
  }

  /**
   * Generates samples and measures them in the time of a clock (default: no limit). Returns null if it was stopped.
   * @throws {DivergedError} for NaN and infinite values.
   */
  async evaluate(
    at: Position,
    sampling: EvaluationSampling,
    clock = new Clock(),
  ): Promise<Evaluation | null> {
    const { half, direction, step } = at;
    const began = performance.now();
    const { subject, options } = this.context;
    const work = { direction, sampling, passes: 1, distances: 4 };
    const affordable = await affordableRows(subject, { ...options, clock }, work);
    if (!affordable) return null;
    const context = this.context.withOptions({ ...affordable, clock });
    const isWhole = affordable.n === options.n;
    const collection = await collectSamples(context, {
      direction,
      sampling,
      half,
      metrics: this.metrics,
      isWhole,
    });
    if (!collection) return null;
    let isDone = false;
    try {
      checkScale(context.subject, collection.set, { direction, half });
      const measurements = await measureSet(collection.set, this.metrics, context);
      if (!measurements) return null;
      const values: Record<string, number | null> = {};
      for (const { columns, name } of this.metrics) {
        const row = measurements.rows.find((one) => one.name === name);
        for (const [of, column] of Object.entries(columns) as [keyof MetricColumns, string][])
          values[column] = row?.[of] ?? null;
      }
      isDone = true;
      return {
        at,
        set: collection.set,
        context,
        [Symbol.dispose]: () => collection[Symbol.dispose](),
        result: {
          half_iteration: half,
          direction,
          step,
          steps: sampling.steps,
          n: collection.set.sourceRows.size(0),
          nfe: collection.nfe,
          ...values,
          seconds_per_batch: collection.seconds / collection.batches,
          seconds: (performance.now() - began) / 1000,
        },
      };
    } finally {
      if (!isDone) collection[Symbol.dispose]();
    }
  }

  [Symbol.dispose](): void {
    this.context[Symbol.dispose]();
  }
}
