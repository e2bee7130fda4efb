import { type CompareConfig, ConfigError } from "@dsbm/config";
import { type ColumnCategory, listPictures } from "@dsbm/data";
import { cores, type Progress, type Quality, version } from "@dsbm/runs";
import { setNumThreads, type Tensor } from "@dsbm/torch";
import { chooseMetrics, leftOut } from "../choice.js";
import { sampleMetrics } from "../metrics/index.js";
import { type DrawnSamples, judgeSamples } from "../samples.js";
import { KeptTensors } from "../tensors.js";
import { readImageFolders } from "./image-folders.js";
import { readTables } from "./tables.js";

/** Keys of `dsbm compare`, and its files. */
export interface CompareOptions extends Omit<CompareConfig, "json"> {
  /** Data unseen by the generator. */
  target: string;
  generated: string;
  progress: Progress;
  signal: AbortSignal | undefined;
}

/** Samples [n, …] of the files, in random order; the caller owns them. */
export interface ComparedFiles {
  target: Tensor;
  generated: Tensor;
  source: Tensor | undefined;
  /** Names of the columns; null for images. */
  names: string[] | null;
  /** Columns of texts, whose levels are columns. */
  categories?: readonly ColumnCategory[];
}

/**
 * Compares tables in their own units, or folders of images, with one half of the target; the other half gives floors.
 * Images are scaled to the size of the first generated image. Returns null if `signal` stopped it.
 * @throws {ConfigError} for other columns and for few rows, and errors of reading.
 */
export async function compareFiles(options: CompareOptions): Promise<Quality | null> {
  const { seed, exact, metrics, inception, progress, signal } = options;
  const threads = options.threads === "auto" ? cores() : options.threads;
  setNumThreads(threads);
  const choice = chooseMetrics(sampleMetrics, metrics, progress);
  if (options.source_where !== null && options.source === null)
    throw new ConfigError(
      `source_where=${options.source_where} chooses rows of a source, got none: add source=FILE`,
    );
  using tensors = new KeptTensors();
  const isImages = listPictures(options.generated).length > 0;
  const files = await (isImages ? readImageFolders : readTables)(options, tensors);
  const samples = samplesOf(files, options);
  progress.line(countsText(files, samples, options));
  const judgement = await judgeSamples(samples, {
    seed,
    chosen: choice.metrics,
    names: { source: options.source ?? "", target: options.target },
    columns: files.names,
    categories: files.categories,
    exact,
    inception,
    threads,
    progress,
    signal,
  });
  if (!judgement) return null;
  const { rows, reasons, verdict } = judgement;
  return {
    dsbm: version,
    split: "test",
    n: samples.generated.size(0),
    seed,
    rows,
    verdicts: verdict ? [verdict] : [],
    left_out: leftOut(rows, reasons),
  };
}

/** How many samples of each file are compared. */
function countsText(files: ComparedFiles, samples: DrawnSamples, paths: CompareOptions): string {
  const n = samples.generated.size(0);
  const shares = [
    `${n} of ${files.target.size(0)} of ${paths.target} (the other half gives floors)`,
    `${n} of ${files.generated.size(0)} of ${paths.generated}`,
  ];
  if (files.source) shares.push(`${n} of ${files.source.size(0)} of ${paths.source}`);
  return `compared samples: ${shares.join(", ")}`;
}

/** At most `n` samples of each file, and the second half of the target for floors. */
function samplesOf(
  { target, generated, source, names }: ComparedFiles,
  { n: most, ...paths }: CompareOptions,
): DrawnSamples {
  const leastRows = [
    [paths.target, target, 8],
    [paths.generated, generated, 4],
    [paths.source, source ?? target, 4],
  ] as const;
  for (const [path, rows, least] of leastRows)
    if (rows.size(0) < least)
      throw new ConfigError(
        `${path} has ${rows.size(0)} ${names ? "rows" : "images"} to compare: expected ${least} or more`,
      );
  const half = Math.floor(target.size(0) / 2);
  const n = Math.min(most, half, generated.size(0), source?.size(0) ?? most);
  return {
    source: source ? source.narrow(0, 0, n) : null,
    generated: generated.narrow(0, 0, n),
    target: target.narrow(0, 0, n),
    reserve: target.narrow(0, half, target.size(0) - half),
  };
}
