// Bridges between emoji of two styles: between latent maps and between pixels, and what needs no bridge.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { openDatasets } from "@dsbm/datasets";
import { measureQuality } from "@dsbm/evaluation";
import { Bridge, readTrained } from "@dsbm/inference";
import {
  isFinished,
  type Progress,
  readJson,
  readQuality,
  readRun,
  writeRunFile,
} from "@dsbm/runs";
import { type Tensor, tidy } from "@dsbm/torch";
import { fit } from "dsbm";
import type { Options } from "../benchmark.js";
import { type EmojiFolders, emojiFolders } from "./images.js";
import { nearestPartners, plannedPartners } from "./partners.js";

/** A fit that the study compares. */
export interface EmojiCase {
  name: string;
  about: string;
  /** Pixels of a side. */
  size: number;
  /** Minutes of the fit. */
  minutes: number;
  /** The share of training images whose partner is known (default: none). */
  known?: number;
  options: Options;
}

/** What a fit of a seed showed, from Google's to Twitter's images. */
export interface EmojiResult {
  seed: number;
  /** Seconds of the fit; null if an earlier process fitted it. */
  seconds: number | null;
  /** Training steps of both directions. */
  steps: number;
  /** Accuracy of the classifier, of generated and held-out images: value, floor and ceiling. */
  c2st: { value: number; floor: number; ceiling: number };
  /** Shares of partners: of generated images the nearest one, of untouched images the nearest one and by a plan in pixels. */
  partners: { generated: number; untouched: number; planned: number };
  /** Root mean square error of the autoencoder; null without one. */
  reconstruction: number | null;
  /** The verdict of the fit. */
  verdict: string | null;
}

/** What the study needs of its caller. */
export interface EmojiWork {
  /** The folder of images and runs. */
  folder: string;
  threads: number | "auto";
  again: boolean;
  progress: Progress;
  signal: AbortSignal;
}

/** Shares of known pairs: a curve from none, the case `latent`, to all. */
const knownShares = [0.05, 0.25, 1];

/** The fits; a quick study has little time for them. */
export function emojiCases(quick: boolean): EmojiCase[] {
  const minutes = quick ? 4 : 20;
  return [
    {
      name: "latent",
      about: "latent maps, 32 pixels",
      size: 32,
      minutes: quick ? 8 : 20,
      options: {},
    },
    {
      name: "pixels",
      about: "pixels, 32 pixels",
      size: 32,
      minutes,
      options: { "data.latent": null },
    },
    {
      name: "large",
      about: "latent maps, 128 pixels, enlarged",
      size: 128,
      minutes,
      options: { "data.latent": 8 },
    },
    ...knownShares.map((known) => ({
      name: `known-${100 * known}`,
      about: `latent maps, 32 pixels, ${100 * known} % known pairs`,
      size: 32,
      minutes: quick ? 8 : 20,
      known,
      options: { pairs: "names", n_ipf: 1 },
    })),
  ];
}

const resultFile = "benchmark.json";

/**
 * Fits a case with a seed and measures it, or reads the result. Returns null if it was stopped.
 * @throws the errors of runs.
 */
export async function emojiResult(
  study: EmojiCase,
  seed: number,
  { folder, threads, again, progress, signal }: EmojiWork,
): Promise<EmojiResult | null> {
  const images = emojiFolders(folder, seed, study.known ?? 0);
  const run = join(folder, "runs", `${study.name}-${study.minutes}`, String(seed));
  if (!again && existsSync(join(run, resultFile)))
    return readJson(join(run, resultFile)) as EmojiResult;
  const work = { run, images, threads, progress, signal };
  const isFitted = !again && isFinished(run);
  const seconds = isFitted ? null : await fitCase(study, seed, { ...work, again });
  const { results } = readRun(run);
  const quality = await measureQuality(run, {
    ...{ metrics: ["c2st", "reconstruction"], direction: "f", n: 1000, threads, progress, signal },
  });
  const partners = await partnersOf(run, { progress, signal });
  const row = (name: string) => quality?.rows.find((one) => one.name === name);
  const classifier = row("c2st");
  if (!quality || !partners || !classifier) return null;
  const { value, floor = 0.5, ceiling = 1 } = classifier;
  const result: EmojiResult = {
    ...{
      seed,
      seconds,
      steps: results.reduce((sum, { step }) => sum + Number(step), 0),
    },
    c2st: { value: Number(value), floor: Number(floor), ceiling: Number(ceiling) },
    ...{ partners, reconstruction: row("reconstruction")?.value ?? null },
    verdict: readQuality(run)?.verdicts.find(({ direction }) => direction === "f")?.grade ?? null,
  };
  writeRunFile(run, resultFile, `${JSON.stringify(result, null, 2)}\n`);
  return result;
}

/**
 * Fits a case in the folder `run`. Returns the seconds.
 * @throws the reason of a signal.
 */
async function fitCase(
  { size, minutes, options }: EmojiCase,
  seed: number,
  {
    run,
    images,
    threads,
    again,
    progress,
    signal,
  }: Omit<EmojiWork, "folder"> & { run: string; images: EmojiFolders },
): Promise<number> {
  const began = performance.now();
  const bridge = await fit({
    ...{ source: images.google, target: images.twitter, folder: run, again, signal },
    ...{ max_minutes: minutes, "data.image_size": size, seed, threads, ...options },
    onProgress(now) {
      if ("line" in now) progress.line(now.line);
      else progress.update(now.state);
    },
  } as Parameters<typeof fit>[0]);
  bridge.dispose();
  return (performance.now() - began) / 1000;
}

/** The shares of partners among all held-out images, which both folders hold in the same order; null if it was stopped. */
async function partnersOf(
  run: string,
  { progress, signal }: Pick<EmojiWork, "progress" | "signal">,
): Promise<EmojiResult["partners"] | null> {
  const { config } = readTrained(run, "newest");
  const datasets = await openDatasets(config, { progress, signal });
  using bridge = Bridge.open(run, {});
  try {
    const [x, y] = [datasets.x0, datasets.x1].map(({ test, plain }) =>
      tidy(() => plain(test).clone().keep()),
    ) as [Tensor, Tensor];
    const { x: generated } = await bridge.sample(x, { direction: "f", seed: 1, signal });
    const shares = {
      generated: nearestPartners(generated, y),
      untouched: nearestPartners(x, y),
      planned: plannedPartners(x, y),
    };
    for (const t of [x, y, generated]) t.dispose();
    return shares;
  } finally {
    datasets.dispose();
  }
}
