import type { Direction } from "@dsbm/bridge";
import { ConfigError, type SampleConfig } from "@dsbm/config";
import { cores } from "@dsbm/runs";
import { setNumThreads, type Tensor } from "@dsbm/torch";
import { Bridge } from "./bridge.js";
import { oddRow } from "./check-rows.js";
import { disposeRows, type FileJob, failed, openConditions, openInput } from "./input/input.js";
import { openOutput } from "./output/output.js";
import { checkOutput, needsCount } from "./output/place.js";
import { planSamples } from "./plan.js";
import { strayValues } from "./ranges.js";
import type { Trained } from "./trained.js";

export interface SampleResult {
  direction: Direction;
  n: number;
  weights: readonly string[];
  nfe: number;
  seconds: number;
  about: string;
}

/**
 * Applies a trained run to an input. Returns null if it was stopped, which happens at the next step
 * of a batch. Leaves nothing at the output if it fails or is stopped. Throws errors of the run, the
 * input, the conditions and the disk.
 */
export async function runSample(job: FileJob<SampleConfig>): Promise<SampleResult | null> {
  const { run, config, progress, signal } = job;
  const { overwrite, threads, path } = config;
  setNumThreads(threads === "auto" ? cores() : threads);
  using bridge = Bridge.open(run, config);
  const { trained } = bridge;
  checkOutput(job.output, { input: job.input, trained, paths: path, overwrite });
  const plan = planSamples(bridge, config);
  const { direction, times, batchRows } = plan;
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
    const isCounted = input.n === null && needsCount(job.output, trained, path);
    const n = isCounted ? ((await input.count?.()) ?? null) : input.n;
    const conditionsOf = openConditions(config, { bridge, input });
    const stray = trained.columns && strayValues(trained.columns, direction);
    using output = await openOutput({
      path: job.output,
      bridge,
      input,
      n,
      times: path ? times : null,
      end: times.at(-1) as number,
      settings: config,
      seen: stray?.add,
    });
    progress.line(input.about);
    const began = performance.now();
    let evaluations = 0;
    let first = 0;
    for await (const { x, carried, rows, conditions: cells } of input.batches) {
      progress.update({
        label: `sampling ${direction}`,
        step: first,
        rate: (1000 * first) / (performance.now() - began),
        ...(n !== null && { steps: n }),
      });
      const count = x.size(0);
      const conditions = cells ?? conditionsOf(first, count);
      const put = (state: Tensor, k: number, weights: Tensor | null) =>
        output.writer.put(state, { k, first, carried, rows, weights });
      try {
        const {
          x: end,
          weights,
          nfe,
        } = await bridge.sample(x, {
          ...config,
          first,
          signal,
          conditions,
          ...(path && { onState: (state, at) => put(state, at.k, at.weights) }),
        });
        evaluations += nfe * count;
        checkFinite(end, { first, trained, direction });
        if (!path) await put(end, 0, weights);
        for (const t of [end, weights]) t?.dispose();
      } finally {
        disposeRows({ x, conditions });
      }
      first += count;
    }
    await output.commit();
    for (const line of input.notes?.() ?? []) progress.line(line);
    for (const line of stray?.lines() ?? []) progress.line(`warning: ${line}`);
    const { b, f } = trained.models;
    const used = config.solver === "sde" ? [trained.models[direction]] : [b, f];
    return {
      direction,
      n: first,
      weights: [...new Set(used.map((model) => model?.path))].filter((p) => p !== undefined),
      nfe: evaluations / Math.max(first, 1),
      seconds: (performance.now() - began) / 1000,
      about: output.writer.about(),
    };
  } catch (error) {
    return failed(error, job);
  }
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
