// Samples from an input to an output, a batch in memory at a time.
import type { SampleConfig } from "@dsbm/config";
import { type Device, setNumThreads, type Tensor } from "@dsbm/torch";
import { cores } from "../machine/cores.js";
import type { Progress } from "../terminal/progress.js";
import type { Carrier } from "./carrier.js";
import { type InputConditions, openConditions } from "./conditions.js";
import type { Input } from "./input.js";
import { openBridge, wholeUnits } from "./open.js";
import { openInput } from "./open-input.js";
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
  const carrier = bridge.carrier(config);
  let input: Input | null = null;
  let conditions: InputConditions | null = null;
  let output: Output | null = null;
  try {
    input = await openInput(job.input, { trained, direction, seed, resize, progress, signal });
    conditions = openConditions(config, { bridge, input });
    const { n, names } = input;
    const states = path ? carrier.times.length : null;
    output = openOutput(job.output, { trained, n, names, states, overwrite });
    progress.line(input.about);
    const began = performance.now();
    const nfe = await carryAll({ input, conditions, output, carrier }, job);
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
    input?.close();
  }
}

interface Way {
  input: Input;
  conditions: InputConditions;
  output: Output;
  carrier: Carrier;
}

/** All batches; evaluations a sample, or null where it was stopped. */
async function carryAll(way: Way, { config, progress, signal }: SampleJob): Promise<number | null> {
  const { n } = way.input;
  const rows = wholeUnits(config.batch_size, way.carrier.unit);
  const began = performance.now();
  let evaluations = 0;
  for (let first = 0; first < n; first += rows) {
    const count = Math.min(rows, n - first);
    const rate = (1000 * first) / (performance.now() - began);
    progress.update({ label: `sampling ${config.direction}`, step: first, steps: n, rate });
    const found = await carryBatch(way, { first, count, config, signal });
    if (found === null) return null;
    evaluations += found;
  }
  return evaluations / n;
}

async function carryBatch(
  { input, conditions, output, carrier }: Way,
  {
    first,
    count,
    config,
    signal,
  }: { first: number; count: number; config: SampleConfig; signal: AbortSignal | undefined },
): Promise<number | null> {
  const device = config.device as Device;
  const mine: Tensor[] = [];
  const there = (t: Tensor) => {
    mine.push(t);
    if (device === "cpu") return t;
    const moved = t.to({ device }).keep();
    mine.push(moved);
    return moved;
  };
  try {
    const x = there(await input.read(first, count));
    const { cond, y } = conditions.read(first, count) ?? {};
    const given =
      cond || y ? { ...(cond && { cond: there(cond) }), ...(y && { y: there(y) }) } : undefined;
    const onState = async (k: number, state: Tensor) => {
      const here = device === "cpu" ? state : state.to({ device: "cpu" }).keep();
      try {
        await output.put(here, { k, first });
      } finally {
        if (here !== state) here.dispose();
      }
    };
    return await carrier.carry({ x, first, given, onState }, { path: config.path, signal });
  } finally {
    for (const t of mine) t.dispose();
  }
}
