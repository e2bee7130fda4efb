// Forecasts the memory of training from steps of few rows, and says how to reduce it.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { disposeSome, mapConditions } from "@dsbm/bridge";
import type { CompleteTrainConfig } from "@dsbm/config";
import { memory, memoryLimit, type Tensor } from "@dsbm/torch";
import { type Problem, Training, withExecution } from "@dsbm/train";

export interface MemoryNeed {
  /** Bytes of parameters, averages and optimisers. */
  fixed: number;
  /** Additional bytes for each row of a step. */
  row: number;
  /** Bytes of a step with all rows that a process computes together. */
  total: number;
  /** Bytes left on the machine or in this process's cgroup. */
  available: number;
}

const few = 16;

/**
 * Measures steps of one and of up to four rows on throwaway networks; the rest is proportional to
 * the rows.
 */
export async function memoryNeed(
  problem: Problem,
  { batch_size, accumulate }: CompleteTrainConfig,
): Promise<MemoryNeed> {
  const { available } = memoryLimit();
  const one = await peakOf(problem, 1);
  const rows = Math.min(4, problem.data.x0.size(0), problem.data.x1.size(0));
  const row =
    rows > 1 ? Math.max(0, (await peakOf(problem, rows)).step - one.step) / (rows - 1) : one.step;
  const fixed = Math.max(0, one.all - row);
  return { fixed, row, available, total: fixed + row * Math.ceil(batch_size / accumulate) };
}

/**
 * Returns the bytes of one step beyond those before the first step, and of the whole training.
 * Memory of earlier steps may be freed at any time, so only the first step shows its full size.
 */
async function peakOf(problem: Problem, batchSize: number): Promise<{ step: number; all: number }> {
  const { current } = memory({ resetPeak: true });
  const cut = (t: Tensor) => t.narrow(0, 0, Math.min(few, t.size(0))).keep();
  const { x0, x1, conditions } = problem.data;
  const cutConditions = conditions && {
    x0: mapConditions(conditions.x0, cut),
    x1: mapConditions(conditions.x1, cut),
  };
  const small = {
    ...problem,
    // The first source and target rows may share no condition and no known pair.
    data: { ...problem.data, x0: cut(x0), x1: cut(x1), conditions: cutConditions, pairs: null },
    method: { ...problem.method, matchConditions: false },
    schedule: { ...problem.schedule, halfIterations: 1, firstSteps: 2, steps: 2 },
    optimisation: { ...problem.optimisation, batchSize, repeat: 1, lr: 0 },
  };
  const { cache = null } = small.execution ?? {};
  const folder = mkdtempSync(join(tmpdir(), "dsbm-memory-"));
  const part = {
    cache: cache && { ...cache, folder, npar: few, batchSize: few, refreshStride: few },
    accumulate: 1,
    threads: 1,
    logEvery: 1,
  };
  const training = new Training({
    ...withExecution(small, { ranks: null }),
    execution: { ...small.execution, ...part },
  });
  let before = current;
  let step = 0;
  let all = 0;
  try {
    for await (const { type } of training.run()) {
      const now = memory({ resetPeak: true });
      all = Math.max(all, now.peak - current);
      if (type === "start") before = now.current;
      if (type === "step") step = now.peak - before;
      if (type === "half") break;
    }
    return { step, all };
  } finally {
    training.dispose();
    rmSync(folder, { recursive: true, force: true });
    disposeSome(small.data);
  }
}

const gib = (bytes: number) =>
  bytes < 2 ** 28 ? `${Math.ceil(bytes / 2 ** 20)} MiB` : `${(bytes / 2 ** 30).toFixed(1)} GiB`;

/** "memory: about 3.1 GiB, 0.4 GiB of it weights and optimisers; 20.1 GiB are available". */
export const memoryText = ({ fixed, total, available }: MemoryNeed): string =>
  `memory: about ${gib(total)}, ${gib(fixed)} of it weights and optimisers; ${gib(available)} are available`;

/** A larger share of the available memory gives a warning. */
const most = 0.85;

/** Returns a line of advice if memory is short, else null. */
export function memoryAdvice(need: MemoryNeed, config: CompleteTrainConfig): string | null {
  if (need.total <= most * need.available) return null;
  const room = Math.max(0, most * need.available - need.fixed);
  const rows = Math.floor(room / need.row);
  const { batch_size, accumulate, num_repeat_data: repeat } = config;
  const parts = Math.ceil(batch_size / Math.max(repeat, rows));
  const cures = [
    ...(rows >= repeat && parts > accumulate
      ? [`accumulate=${parts} (the same step in parts)`, `batch_size=${rows - (rows % repeat)}`]
      : []),
    ...checkpointing(config),
  ];
  return `${memoryText(need)}: write ${cures.length > 0 ? cures.join(", or ") : "a smaller model"}`;
}

const checkpointing = ({ model }: CompleteTrainConfig): string[] =>
  "use_checkpoint" in model && !model.use_checkpoint
    ? ["model.use_checkpoint=true (activations are computed again)"]
    : [];

export function outOfMemoryAdvice(config: CompleteTrainConfig): string {
  const { batch_size, accumulate, cache_batch_size, test_batch_size } = config;
  return [
    `write accumulate=${2 * accumulate} or more (the same step in parts)`,
    `batch_size below ${batch_size}`,
    ...checkpointing(config),
    `or, in simulations and evaluations, cache_batch_size below ${cache_batch_size} and test_batch_size below ${test_batch_size}`,
  ].join(", ");
}

/**
 * Estimated upper bound of the bytes that a row of a large network takes for each of its numbers.
 */
const perNumber = 20_000;

/** Whether to measure memory before the start. */
export function mayBeLarge(shape: readonly number[], config: CompleteTrainConfig): boolean {
  const numbers = shape.reduce((product, n) => product * n, 1);
  const rows = config.batch_size / config.accumulate;
  return shape.length > 1 && rows * numbers * perNumber > memoryLimit().available / 2;
}
