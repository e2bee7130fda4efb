// Compares samples of any program with data, from files alone.
import { stream } from "@dsbm/bridge";
import { ConfigError } from "@dsbm/config";
import {
  Clock,
  cores,
  gradedRows,
  type Progress,
  type Quality,
  silentProgress,
  verdictOn,
  version,
} from "@dsbm/runs";
import { randperm, setNumThreads, type Tensor, tidy } from "@dsbm/torch";
import { choose, leftOut } from "./measure.js";
import { Measuring } from "./measuring.js";
import type { SampleSet } from "./metric.js";
import { classifierMetric } from "./metrics/classifier.js";
import { columnMetric } from "./metrics/columns.js";
import { metrics as library } from "./metrics/index.js";
import { measureSet } from "./rows.js";
import { disposeAll, type Subject } from "./subject.js";
import { readRows } from "./variants/read-holdout.js";

export interface CompareOptions {
  /** Data unseen by the generator. */
  target: string;
  generated: string;
  /** The input of the generator; without it there are no ceilings. */
  source?: string | null;
  /** Maximum rows of each side (default 2,000). */
  n?: number;
  seed?: number;
  metrics?: readonly string[] | null;
  /** Maximum rows of each side for exact distances (default 2,000). */
  exact?: number;
  threads?: number | "auto";
  progress?: Progress;
  signal?: AbortSignal | undefined;
}

const comparisons = library.filter(
  (metric) =>
    ("compare" in metric && metric.group === "ends") ||
    [classifierMetric, columnMetric].includes(metric),
);

/**
 * Compares tables in their own units with one half of the target; the other half gives floors.
 * Returns null if `signal` stopped it. Throws a ConfigError for other columns and for few rows, and
 * errors of reading.
 */
export async function compareFiles(options: CompareOptions): Promise<Quality | null> {
  const { n: most = 2000, seed = 42, exact = 2000, progress = silentProgress, signal } = options;
  const threads = typeof options.threads === "number" ? options.threads : cores();
  setNumThreads(threads);
  const choice = choose(comparisons, options.metrics ?? null);
  const tensors: Tensor[] = [];
  const read = async (key: "target" | "generated" | "source", names: readonly string[] | null) => {
    const found = await readRows(options[key] as string, {
      key,
      names,
      d: tensors[0]?.size(1) ?? null,
    });
    const order = stream(seed, `compare/${key}`);
    const { rows } = found;
    tensors.push(
      tidy(() => rows.indexSelect(0, randperm(rows.size(0), { generator: order })).keep()),
    );
    rows.dispose();
    return found.names;
  };
  try {
    const names = await read("target", null);
    await read("generated", names);
    if (options.source) await read("source", names);
    const [target, generated, source] = tensors as [Tensor, Tensor, Tensor?];
    const half = Math.floor(target.size(0) / 2);
    const n = Math.min(most, half, generated.size(0), source?.size(0) ?? most);
    if (n < 4)
      throw new ConfigError(
        "usage",
        `${n} rows can be compared: expected at least 8 target rows and at least 4 other rows`,
      );
    const part = (x: Tensor, first = 0, count = n) => x.narrow(0, first, count);
    const reserve = part(target, half, target.size(0) - half);
    const end = part(generated);
    const set: SampleSet = {
      key: "files",
      direction: "f",
      from: "x0",
      side: "x1",
      end,
      given: undefined,
      start: source ? part(source) : end,
      data: part(target),
      weights: null,
      energy: null,
      unit: 1,
      states: new Map(),
      shared: new Map(),
      bounds: { floor: true, ceiling: source !== undefined },
      sampling: { solver: "sde", grid: { times: [0, 1], steps: [1] } },
      reserve: () => reserve,
    };
    const clock = new Clock();
    using context = new Measuring(subjectOfRows(target, names), {
      n,
      seed,
      split: "test",
      exact,
      threads,
      intervals: true,
      clock,
      progress,
      signal,
    });
    const found = await measureSet(set, choice.metrics, context);
    if (!found) return null;
    const rows = gradedRows(
      source ? found.rows : found.rows.map(({ excess: _, ...row }) => ({ ...row, ceiling: null })),
    );
    const verdict =
      source &&
      verdictOn("f", rows, {
        names: { source: options.source as string, target: options.target },
        what: "rows",
        n_held_out: [n, n],
        commands: { longer: "", sample: "" },
      });
    return {
      dsbm: version,
      split: "test",
      n,
      seed,
      rows,
      verdicts: verdict ? [{ ...verdict, next: "" }] : [],
      left_out: leftOut(rows, found.reasons, choice),
    };
  } finally {
    disposeAll(tensors);
  }
}

/** Metrics of two samples need the shape and the target, never a bridge. */
const subjectOfRows = (target: Tensor, names: readonly string[]): Subject =>
  ({
    ends: { shape: [target.size(1)], x1: { test: target } },
    trained: { config: {} },
    vectors: true,
    unit: 1,
    names,
    own: (_: unknown, rows: Tensor) => rows,
  }) as unknown as Subject;
