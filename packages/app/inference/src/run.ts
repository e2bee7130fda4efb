import type { Conditions, Direction } from "@dsbm/bridge";
import type { SampleConfig } from "@dsbm/config";
import { ConfigError } from "@dsbm/config";
import type { Progress } from "@dsbm/runs";
import { cores } from "@dsbm/runs";
import { setNumThreads, type Tensor, tidy } from "@dsbm/torch";
import { Bridge } from "./bridge.js";
import { type InputConditions, openConditions } from "./conditions.js";
import { type Input, type InputRows, openInput } from "./input/input.js";
import { checkOutput, needsCount, type Output, openOutput } from "./output/output.js";
import type { SamplePlan } from "./plan.js";
import { strayValues } from "./ranges.js";
import type { Trained } from "./trained.js";

export interface SampleJob {
  run: string;
  input: string;
  output: string;
  config: SampleConfig;
  progress: Progress;
  signal?: AbortSignal | undefined;
}

export interface SampleResult {
  direction: Direction;
  state: "finished" | "interrupted";
  n: number;
  weights: readonly string[];
  nfe: number;
  seconds: number;
  about: string;
}

/**
 * Applies a trained run to an input. Leaves nothing at the output if it fails or is stopped, which
 * happens at the next step of a batch. Throws errors of the run, the input, the conditions and the
 * disk.
 */
export async function runSample(job: SampleJob): Promise<SampleResult> {
  const { run, config, progress, signal } = job;
  const { overwrite, threads, path } = config;
  setNumThreads(threads === "auto" ? cores() : threads);
  using bridge = Bridge.open(run, config);
  const { trained } = bridge;
  checkOutput(job.output, { trained, paths: path, overwrite });
  const plan = bridge.plan(config);
  const { direction, times } = plan;
  let input: Input | null = null;
  let conditions: InputConditions | null = null;
  let output: Output | null = null;
  try {
    const opened = await openInput(job.input, {
      ...config,
      trained,
      direction,
      start: times[0] as number,
      keys: config,
      progress,
      signal,
    });
    input = opened;
    const counted =
      needsCount(job.output, trained, path) || config.cond !== null || typeof config.y === "string";
    const n = opened.n ?? (counted ? ((await opened.count?.()) ?? null) : null);
    const given = openConditions(config, { bridge, input: { ...opened, n } });
    conditions = given;
    const { columns } = trained;
    const stray = columns && strayValues(columns, direction);
    const target = await openOutput(job.output, {
      bridge,
      input,
      n,
      times: path ? times : null,
      end: times.at(-1) as number,
      settings: config,
      seen: stray?.add,
    });
    output = target;
    progress.line(opened.about);
    const began = performance.now();
    const last = path ? times.length - 1 : 0;
    let rows: InputRows | null = null;
    let done = 0;
    const nfe = await carryBatches(plan, {
      n,
      progress,
      signal,
      async read(first, count) {
        rows = await opened.read(first, count);
        return rows && { x: rows.x, given: rows.given ?? given.read(first, rows.x.size(0)) };
      },
      async write(x, { k, first, weights }) {
        if (k === last) checkFinite(x, { first, trained, direction });
        await target.put(x, {
          k,
          first,
          carried: rows?.carried ?? [],
          rows: rows?.rows,
          weights,
        });
        done = first + x.size(0);
      },
    });
    if (nfe !== null) {
      await target.commit();
      for (const line of opened.notes?.() ?? []) progress.line(line);
      for (const line of stray?.lines() ?? []) progress.line(`warning: ${line}`);
    }
    const { b, f } = trained.models;
    const used = config.solver === "sde" ? [trained.models[direction]] : [b, f];
    return {
      direction,
      state: nfe === null ? "interrupted" : "finished",
      n: done,
      weights: [...new Set(used.map((model) => model?.path))].filter((p) => p !== undefined),
      nfe: nfe ?? 0,
      seconds: (performance.now() - began) / 1000,
      about: target.about(),
    };
  } catch (error) {
    // The preparation of an image set stops by throwing the signal's reason.
    if (!signal?.aborted || error !== signal.reason) throw error;
    const nothing = { n: 0, weights: [], nfe: 0, seconds: 0 };
    return { ...nothing, direction, state: "interrupted", about: job.output };
  } finally {
    output?.discard();
    conditions?.close();
    input?.close?.();
  }
}

interface Batches extends Pick<SampleJob, "progress" | "signal"> {
  /** Number of samples; null if only reading tells. */
  n: number | null;
  read(first: number, count: number): Promise<{ x: Tensor; given?: Conditions | undefined } | null>;
  write(state: Tensor, at: { k: number; first: number; weights: Tensor | null }): Promise<void>;
}

async function carryBatches(
  { direction, batchRows, carry }: SamplePlan,
  { n, read, write, progress, signal }: Batches,
): Promise<number | null> {
  const began = performance.now();
  let evaluations = 0;
  let first = 0;
  while (n === null || first < n) {
    progress.update({
      label: `sampling ${direction}`,
      step: first,
      rate: (1000 * first) / (performance.now() - began),
      ...(n !== null && { steps: n }),
    });
    const wanted = n === null ? batchRows : Math.min(batchRows, n - first);
    const batch = await read(first, wanted);
    if (batch === null) break;
    const { x, given } = batch;
    const count = x.size(0);
    try {
      const place = first;
      const onState = (k: number, state: Tensor, weights: Tensor | null) =>
        write(state, { k, first: place, weights });
      const added = await carry(x, { first, signal, given, onState });
      if (added === null) return null;
      evaluations += added;
    } finally {
      for (const t of [x, given?.cond, given?.y]) t?.dispose();
    }
    first += count;
    if (count < wanted) break;
  }
  return evaluations / Math.max(first, 1);
}

function checkFinite(
  x: Tensor,
  { first, trained, direction }: { first: number; trained: Trained; direction: Direction },
): void {
  if (tidy(() => x.isfinite().all().item())) return;
  const rows = tidy(() => x.flatten({ startDim: 1 }).isfinite().all(1).toArray());
  const i = first + (rows as Uint8Array).indexOf(0);
  const weights = trained.models[direction]?.path ?? trained.folder;
  throw new ConfigError(
    "usage",
    `sample ${i} is NaN or infinite: ${weights} is damaged, training diverged, or NEW is far from the training data; compare with half_iteration=…, or train again`,
  );
}
