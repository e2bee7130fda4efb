import { stream } from "@dsbm/bridge";
import { type CompareConfig, ConfigError } from "@dsbm/config";
import { cores, type Progress, type Quality, version } from "@dsbm/runs";
import { randperm, setNumThreads, type Tensor, tidy } from "@dsbm/torch";
import { choose, leftOut } from "./measure.js";
import { classifierMetric } from "./metrics/classifier.js";
import { columnMetric } from "./metrics/columns.js";
import { metrics as library } from "./metrics/index.js";
import { judgeSamples } from "./samples.js";
import { disposeAll } from "./subject.js";
import { readRows } from "./variants/read-holdout.js";

export interface CompareOptions extends Omit<CompareConfig, "json"> {
  /** Data unseen by the generator. */
  target: string;
  generated: string;
  progress: Progress;
  signal: AbortSignal | undefined;
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
  const { n: most, seed, exact, metrics, progress, signal } = options;
  const threads = options.threads === "auto" ? cores() : options.threads;
  setNumThreads(threads);
  const choice = choose(comparisons, metrics === null ? null : [metrics].flat());
  const tensors: Tensor[] = [];
  const read = async (key: "target" | "generated" | "source", names: readonly string[] | null) => {
    const d = tensors[0]?.size(1) ?? null;
    const found = await readRows(options[key] as string, { names, d });
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
        `${n} rows can be compared: expected at least 8 target rows and at least 4 other rows`,
      );
    const part = (x: Tensor, first = 0, count = n) => x.narrow(0, first, count);
    const samples = {
      source: source ? part(source) : null,
      generated: part(generated),
      target: part(target),
      reserve: part(target, half, target.size(0) - half),
    };
    const found = await judgeSamples(samples, {
      seed,
      chosen: choice.metrics,
      names: { source: options.source ?? "", target: options.target },
      columns: names,
      exact,
      threads,
      progress,
      signal,
    });
    if (!found) return null;
    const { rows, reasons, verdict } = found;
    return {
      dsbm: version,
      split: "test",
      n,
      seed,
      rows,
      verdicts: verdict ? [{ ...verdict, next: "" }] : [],
      left_out: leftOut(rows, reasons),
    };
  } finally {
    disposeAll(tensors);
  }
}
