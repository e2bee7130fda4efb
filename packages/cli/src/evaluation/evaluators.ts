// What the ends of a direction are measured with, made once a run: judges, the user's Inception, and statistics of
// real images.
import {
  type FeatureExtractor,
  frechetScore,
  type Gaussian,
  imageStatistics,
  loadStatistics,
} from "@dsbm/bridge";
import type { CompleteTrainConfig } from "@dsbm/config";
import { inceptionFeatures } from "@dsbm/nets";
import type { ImageData, ImageEnd } from "../problem/ends.js";
import { UsageError } from "../terminal/errors.js";
import type { Progress } from "../terminal/progress.js";
import { type Judge, judgeOf } from "./reference-classifier.js";

type Side = "x0" | "x1";

export interface Court extends Disposable {
  readonly judges: Readonly<Record<Side, Judge | null>>;
  readonly inception: (FeatureExtractor & Disposable) | null;
  /** By end and metric: statistics of the real images of an end. */
  readonly real: Map<string, Gaussian>;
  /** By the same: the distance of its held-out images from them. */
  readonly floors: Map<string, number>;
}

/**
 * Trains or loads the judges, and opens the user's files if the configuration names some; null when stopped. Throws a
 * FormatError, BridgeError or UsageError for files that are not what they should be.
 */
export async function openCourt(
  data: ImageData,
  config: CompleteTrainConfig,
  options: { progress: Progress; signal: AbortSignal | undefined },
): Promise<Court | null> {
  const { judge, inception: path, fid_statistics } = config.metrics;
  const inception = path === null ? null : inceptionFeatures(path);
  const judges: Record<Side, Judge | null> = { x0: null, x1: null };
  const real = new Map<string, Gaussian>();
  const dispose = () => {
    inception?.[Symbol.dispose]();
    for (const j of Object.values(judges)) j?.model.dispose();
    for (const { mean, covariance } of real.values()) {
      mean.dispose();
      covariance.dispose();
    }
  };
  try {
    if (inception && fid_statistics !== null)
      real.set(keyOf("x0", inception), publishedStatistics(fid_statistics, inception));
    for (const side of judge ? (["x1", "x0"] as const) : []) {
      judges[side] = await judgeOf(data[side], config, options);
      if (!options.signal?.aborted) continue;
      dispose();
      return null;
    }
    return { judges, inception, real, floors: new Map(), [Symbol.dispose]: dispose };
  } catch (error) {
    dispose();
    throw error;
  }
}

const keyOf = (side: Side, { metric }: FeatureExtractor) => `${side}/${metric}`;

/** The statistics of a file that the user names. */
function publishedStatistics(path: string, { dim }: FeatureExtractor): Gaussian {
  const { mean, covariance } = loadStatistics(path);
  if (mean.size(0) === dim) return { mean: mean.keep(), covariance: covariance.keep() };
  const got = mean.size(0);
  for (const t of [mean, covariance]) t.dispose();
  throw new UsageError(
    `metrics.fid_statistics=${path} has statistics of ${got} features; expected the ${dim} of metrics.inception`,
  );
}

/** Statistics of an end's real images: the user's, else of those to train on. */
export function realOf(
  extractor: FeatureExtractor,
  { train }: ImageEnd,
  side: Side,
  { real }: Court,
): Gaussian {
  const key = keyOf(side, extractor);
  const known = real.get(key);
  if (known) return known;
  using of = imageStatistics(extractor, train.to({ device: "cpu" }));
  const { mean, covariance } = of.gaussian();
  const made = { mean: mean.keep(), covariance: covariance.keep() };
  real.set(key, made);
  return made;
}

/** The distance of an end's held-out images: what nothing can be expected to go below. */
export function floorOf(
  extractor: FeatureExtractor,
  end: ImageEnd,
  side: Side,
  court: Court,
): number {
  const key = keyOf(side, extractor);
  const known = court.floors.get(key);
  if (known !== undefined) return known;
  const real = realOf(extractor, end, side, court);
  const floor = frechetScore(extractor, end.test.to({ device: "cpu" }), real).value;
  court.floors.set(key, floor);
  return floor;
}
