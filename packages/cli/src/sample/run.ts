// Samples from an input to an output, a batch in memory at a time.
import type { SampleConfig } from "@dsbm/config";
import { setNumThreads } from "@dsbm/torch";
import { cores } from "../machine/cores.js";
import type { Progress } from "../terminal/progress.js";
import { type InputConditions, openConditions } from "./conditions.js";
import { type Input, openInput } from "./input.js";
import { openBridge } from "./open.js";
import { checkOutput, type Output, openOutput } from "./output.js";

export interface SampleJob {
  /** The folder of the run, what to sample from, where to. */
  run: string;
  input: string;
  output: string;
  config: SampleConfig;
  progress: Progress;
  signal?: AbortSignal | undefined;
}

/** What came out. */
export interface SampleResult {
  state: "finished" | "interrupted";
  n: number;
  /** The weights that sampled. */
  weights: readonly string[];
  nfe: number;
  seconds: number;
  /** Where it is, and what it is. */
  about: string;
}

/**
 * Applies a trained run to an input. Nothing is left at the output where it fails or is stopped, which it is at the
 * next step of a batch. Throws errors of the run, the input, the conditions and the disk, one line each.
 */
export async function runSample(job: SampleJob): Promise<SampleResult> {
  const { run, config, progress, signal } = job;
  const { direction, seed, resize, overwrite, threads, path } = config;
  setNumThreads(threads === "auto" ? cores() : threads);
  using bridge = openBridge(run, config);
  const { trained } = bridge;
  checkOutput(job.output, { trained, paths: path, overwrite });
  const { times, carry } = bridge.carrier(config);
  let input: Input | null = null;
  let conditions: InputConditions | null = null;
  let output: Output | null = null;
  try {
    input = await openInput(job.input, { trained, direction, seed, resize, progress, signal });
    conditions = openConditions(config, { bridge, input });
    const { n, names = null } = input;
    const states = path ? times.length : null;
    output = openOutput(job.output, { trained, n, names, states, overwrite });
    progress.line(input.about);
    const began = performance.now();
    const nfe = await carry({
      ...{ n, x: input.read, given: conditions.read, put: output.put, progress, signal },
    });
    if (nfe !== null) output.commit();
    const { b, f } = trained.models;
    const used = config.solver === "sde" ? [trained.models[direction]] : [b, f];
    return {
      state: nfe === null ? "interrupted" : "finished",
      n,
      weights: [...new Set(used.map((model) => model?.path))].filter((p) => p !== undefined),
      nfe: nfe ?? 0,
      seconds: (performance.now() - began) / 1000,
      about: output.about,
    };
  } catch (error) {
    // Making an image set ready stops by throwing the signal's reason.
    if (!signal?.aborted || error !== signal.reason) throw error;
    return { state: "interrupted", n: 0, weights: [], nfe: 0, seconds: 0, about: job.output };
  } finally {
    output?.discard();
    conditions?.close();
    input?.close?.();
  }
}
