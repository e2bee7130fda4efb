import { rowsByMass, stream } from "@dsbm/bridge";
import { type CompareConfig, ConfigError } from "@dsbm/config";
import { decodeInOrder, listPictures, readPictures } from "@dsbm/data";
import { isVectors } from "@dsbm/datasets";
import {
  Clock,
  cores,
  type MetricRow,
  type Progress,
  type Quality,
  silentProgress,
  type Verdict,
  version,
} from "@dsbm/runs";
import { randperm, setNumThreads, type Tensor, tidy } from "@dsbm/torch";
import { choose, leftOut } from "./measure.js";
import { type MeasureOptions, Measuring, type Metric, plainSet, type SampleSet } from "./metric.js";
import { sampleMetrics } from "./metrics/index.js";
import { type Measured, measureSet } from "./rows.js";
import { disposeAll, type SampleSubject } from "./subject.js";
import { readRows } from "./variants/read-holdout.js";
import { gradedRows } from "./verdict/grade.js";
import { verdictOn } from "./verdict/verdict.js";

const decisiveMetrics = sampleMetrics.filter(({ role }) => role !== undefined);

/** At most 1 GB of images. */
const mostValues = 2 ** 28;

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
}

/** The rows and the verdict of `dsbm evaluate` for these samples. Returns null if it was stopped. */
export async function judgeSamples(
  { source, generated, target, reserve }: DrawnSamples,
  { seed, chosen, names, columns = null, ...options }: JudgeOptions,
): Promise<(Measured & { verdict: Verdict | null }) | null> {
  const subject: SampleSubject = {
    datasets: { shape: target.shape.slice(1) },
    trained: { config: {} },
    names: columns,
    own: (_, rows) => rows,
  };
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
  const setResult = await measureSet(set, chosen ?? decisiveMetrics, context);
  if (!setResult) return null;
  const withoutCeiling = ({ excess: _, ...row }: MetricRow) => ({ ...row, ceiling: null });
  const rows = gradedRows(source ? setResult.rows : setResult.rows.map(withoutCeiling));
  const facts = {
    names,
    what: isVectors(subject.datasets) ? "rows" : "images",
    n_held_out: [generated.size(0), target.size(0)] as const,
  };
  return { ...setResult, rows, verdict: source && verdictOn("f", rows, facts) };
}

export interface CompareOptions extends Omit<CompareConfig, "json"> {
  /** Data unseen by the generator. */
  target: string;
  generated: string;
  progress: Progress;
  signal: AbortSignal | undefined;
}

/**
 * Compares tables in their own units, or folders of images, with one half of the target; the other half gives floors.
 * Images are scaled to the size of the first generated image. Returns null if `signal` stopped it. Throws a
 * ConfigError for other columns and for few rows, and errors of reading.
 */
export async function compareFiles(options: CompareOptions): Promise<Quality | null> {
  const { n: most, seed, exact, metrics, weights, layer, progress, signal } = options;
  const threads = options.threads === "auto" ? cores() : options.threads;
  setNumThreads(threads);
  const choice = choose(sampleMetrics, metrics, progress);
  if (options.source_where !== null && options.source === null)
    throw new ConfigError(
      `source_where=${options.source_where} chooses rows of a source, got none: add source=FILE`,
    );
  const tensors: Tensor[] = [];
  const orderOf = (key: string) => stream(seed, `compare/${key}`);
  const read = async (key: "target" | "generated" | "source", names: readonly string[] | null) => {
    const d = tensors[0]?.size(1) ?? null;
    const path = options[key] as string;
    const weight = key === "generated" ? weights : null;
    const wheres = { target: options.where, source: options.source_where, generated: null };
    const table = await readRows(path, {
      names: names && weight ? [...names, weight] : names,
      d: d !== null && weight ? d + 1 : d,
      exclude: [options.exclude ?? []].flat(),
      where: wheres[key] ?? undefined,
      options: { layer: (path.endsWith(".h5ad") && layer) || undefined },
    });
    const { rows } = table;
    const drawn = tidy(() => {
      const some = weight && d !== null ? weighed(rows, d, weight) : rows;
      return some.indexSelect(0, randperm(rows.size(0), { generator: orderOf(key) })).keep();
    });
    tensors.push(drawn);
    rows.dispose();
    return table.names;
  };
  const pictures = listPictures(options.generated);
  try {
    let names: string[] | null = null;
    if (pictures.length > 0) {
      for (const key of ["where", "source_where", "exclude", "layer", "weights"] as const)
        if (options[key] !== null)
          throw new ConfigError(`${key}=${options[key]} is for tables: leave it out for images`);
      const { value } = await decodeInOrder(pictures, { channels: 3, size: null }).next();
      const { height, width } = value!;
      const size = height === width ? height : null;
      const count = Math.min(2 * most, Math.floor(mostValues / (3 * height * width)));
      for (const key of ["target", "generated", "source"] as const) {
        const folder = options[key];
        if (!folder) continue;
        const files = listPictures(folder);
        if (files.length === 0)
          throw new ConfigError(`${folder} holds no images: expected a folder, as GENERATED`);
        const order = tidy(() => randperm(files.length, { generator: orderOf(key) }).toNumbers());
        const some = order.slice(0, count).map((row) => files[row]);
        const like = { height, width };
        tensors.push(await readPictures(some, { channels: 3, size }, { like }));
      }
    } else {
      names = await read("target", null);
      await read("generated", names);
      if (options.source) await read("source", names);
    }
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
    const judgement = await judgeSamples(samples, {
      seed,
      chosen: choice.metrics,
      names: { source: options.source ?? "", target: options.target },
      columns: names,
      exact,
      threads,
      progress,
      signal,
    });
    if (!judgement) return null;
    const { rows, reasons, verdict } = judgement;
    return {
      dsbm: version,
      split: "test",
      n,
      seed,
      rows,
      verdicts: verdict ? [verdict] : [],
      left_out: leftOut(rows, reasons),
    };
  } finally {
    disposeAll(tensors);
  }
}

/** Rows [n, d] drawn by their last column, the weights. */
function weighed(rows: Tensor, d: number, weights: string): Tensor {
  const masses = rows.select(1, d);
  if (masses.amin().item() < 0)
    throw new ConfigError(`weights=${weights} has negative numbers: expected numbers from 0 on`);
  return rows.narrow(1, 0, d).indexSelect(0, rowsByMass(masses));
}
