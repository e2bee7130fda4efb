import type { Conditions, Direction } from "@dsbm/bridge";
import { ConfigError, type SampleConfig } from "@dsbm/config";
import { cores } from "@dsbm/runs";
import { setNumThreads, type Tensor } from "@dsbm/torch";
import { Bridge } from "./bridge.js";
import { oddRow } from "./check-rows.js";
import { openConditions } from "./input/conditions.js";
import {
  disposeRows,
  type FileJob,
  type Input,
  type InputRows,
  nullIfStopped,
  openInput,
} from "./input/input.js";
import { rowDoubts } from "./output/level-texts.js";
import { openOutput } from "./output/output.js";
import { checkOutput, needsCount } from "./output/place.js";
import type { SampleWriter } from "./output/writer.js";
import { planSamples } from "./plan.js";
import { RunChain } from "./run-chain.js";
import type { Trained } from "./trained.js";

/** What `dsbm sample` did. */
export interface SampleResult {
  direction: Direction;
  /** Samples. */
  n: number;
  /** Files of the networks that sampled. */
  weights: readonly string[];
  /** Network evaluations of a sample, on average. */
  nfe: number;
  /** Seconds of the sampling. */
  seconds: number;
  /** The input, for people. */
  about: string;
}

/**
 * Applies a trained run to an input. Returns null if it was stopped, which happens at the next step of a batch. Leaves
 * nothing at the output if it fails or is stopped.
 * @throws errors of the run, the input, the conditions and the disk.
 */
export async function runSample(job: FileJob<SampleConfig>): Promise<SampleResult | null> {
  const { run, config, progress, signal } = job;
  const { overwrite, threads, path: paths, members } = config;
  setNumThreads(threads === "auto" ? cores() : threads);
  using bridge = Bridge.open(run, config);
  const { trained } = bridge;
  using chain = config.then === null ? null : new RunChain(bridge, config.then, config);
  const last = chain?.bridge ?? bridge;
  checkOutput(job.output, { input: job.input, trained: last.trained, paths, overwrite, members });
  const { direction, times, batchRows } = planSamples(bridge, config);
  try {
    using input = await openInput(job.input, {
      ...config,
      trained,
      direction,
      start: times[0],
      batchRows,
      keys: config,
      progress,
      signal,
    });
    const isCounted = input.n === null && needsCount(job.output, last.trained, paths);
    const n = isCounted ? ((await input.count?.()) ?? null) : input.n;
    const conditionsOf = openConditions(config, { bridge, input });
    const end = times.at(-1) as number;
    const doubts = rowDoubts(bridge, end);
    using output = await openOutput({
      path: job.output,
      bridge: last,
      input,
      n,
      members,
      times: paths ? times : null,
      end,
      settings: config,
      seen: doubts?.add,
    });
    progress.line(input.about);
    const began = performance.now();
    const parts = { bridge, chain, input, n, writer: output.writer, conditionsOf };
    const { samples, evaluations } = await sampleBatches(job, direction, parts);
    await output.commit();
    const notes = [...(input.notes?.() ?? []), ...(chain?.notes() ?? [])];
    for (const line of [...notes, ...(doubts?.lines() ?? [])]) progress.line(line);
    return {
      direction,
      n: samples,
      weights: weightFiles(trained, direction, config),
      nfe: evaluations / Math.max(samples, 1),
      seconds: (performance.now() - began) / 1000,
      about: output.writer.about(),
    };
  } catch (error) {
    return nullIfStopped(error, job);
  }
}

function weightFiles(
  { models }: Trained,
  direction: Direction,
  { solver }: SampleConfig,
): string[] {
  const used = solver === "sde" ? [models[direction]] : [models.b, models.f];
  return [...new Set(used.map((model) => model?.path))].filter((path) => path !== undefined);
}

interface SampleParts {
  bridge: Bridge;
  /** The run that takes the samples; null: none. */
  chain: RunChain | null;
  input: Input;
  /** Samples in all; null: not known. */
  n: number | null;
  writer: SampleWriter;
  conditionsOf: (first: number, count: number) => Conditions | undefined;
}

/** Samples the batches of an input in order. Returns the samples and the network evaluations, summed over samples. */
async function sampleBatches(
  job: FileJob<SampleConfig>,
  direction: Direction,
  parts: SampleParts,
): Promise<{ samples: number; evaluations: number }> {
  const { config, progress } = job;
  const { input, n, chain } = parts;
  chain?.open(input);
  const began = performance.now();
  let evaluations = 0;
  let first = 0;
  for await (const batch of input.batches) {
    progress.update({
      label: `sampling ${direction}`,
      step: first,
      rate: (1000 * first) / (performance.now() - began),
      ...(n !== null && { steps: n }),
    });
    const count = batch.x.size(0);
    const conditions = batch.conditions ?? parts.conditionsOf(first, count);
    try {
      for (let member = 0; member < config.members; member++) {
        const place = { first, member, conditions };
        evaluations += count * (await sampleBatch(job, direction, parts, { ...batch, ...place }));
      }
    } finally {
      disposeRows({ x: batch.x, conditions });
    }
    first += count;
  }
  return { samples: first * config.members, evaluations };
}

/** Samples a batch once. Returns the network evaluations of a sample. */
async function sampleBatch(
  { config, signal }: FileJob<SampleConfig>,
  direction: Direction,
  { bridge, chain, n, writer }: SampleParts,
  { x, kept, rows, conditions, first, member }: InputRows & { first: number; member: number },
): Promise<number> {
  const put = (state: Tensor, k: number, weights: Tensor | null) =>
    writer.put(state, { k, first, member, kept, rows, weights });
  // Each member has noise of its own, the first member the noise of a single draw.
  const place = member * (n ?? 0) + first;
  const samples = await bridge.sample(x, {
    ...config,
    first: place,
    signal,
    conditions,
    ...(config.path && { onState: (state, at) => put(state, at.k, at.weights) }),
  });
  checkFinite(samples.x, { first, trained: bridge.trained, direction });
  const finer = await chain?.sample(samples.x, { row: first, first: place, signal });
  if (!config.path) await put(finer?.x ?? samples.x, 0, samples.weights);
  for (const t of [samples.x, samples.weights, finer?.x]) t?.dispose();
  return samples.nfe + (finer?.nfe ?? 0);
}

function checkFinite(
  x: Tensor,
  { first, trained, direction }: { first: number; trained: Trained; direction: Direction },
): void {
  const odd = oddRow(x);
  if (odd < 0) return;
  const weights = trained.models[direction]?.path ?? trained.folder;
  throw new ConfigError(
    `sample ${first + odd} is NaN or infinite: ${weights} is damaged, training diverged, or NEW is far from the training data; compare with half_iteration=…, or train again`,
  );
}
