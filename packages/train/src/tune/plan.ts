// How the steps of a training are done: measured once, before the first one, and saved, since it changes how numbers
// round.
import { type Direction, resample } from "@dsbm/bridge";
import { setNumThreads } from "@dsbm/torch";
import { type CompleteProblem, type NetworkDType, withExecution } from "../problem.js";
import type { Sampler } from "../sampler/sampler.js";
import type { SavedFacts } from "../state/state.js";
import { measuring } from "./benchmark-step.js";
import { measureBfloat16 } from "./bfloat16.js";
import { measureCacheSteps } from "./cache-steps.js";
import { measureSharing } from "./sharing.js";
import { measureThreads } from "./threads.js";

export class StepPlan {
  /** Threads of a step; null: not known yet. */
  threads: number | null = null;
  /** Whether several ranks share the rows of a step; null: not known yet, or one process. */
  sharesBatch: boolean | null = null;
  /** Whether the processor gains by bfloat16; null: not known yet, or not asked for. */
  bfloat16: boolean | null = null;
  /** The newest half-iteration whose pairs have a number of steps of their own, and that number; null: none has. */
  cacheSteps: { half: number; steps: number } | null = null;
  readonly #problem: CompleteProblem;

  constructor(problem: CompleteProblem) {
    this.#problem = problem;
  }

  /** Measures what is not known yet; all ranks call it together. */
  measure(direction: Direction): void {
    this.bfloat16 ??= measuring(this.#problem, () => measureBfloat16(this.#problem));
    const { ranks, shareBatch } = this.#problem.execution;
    const problem = withExecution(this.#problem, { dtype: this.#dtypes.dtype });
    this.threads ??= threadsFor(problem, direction);
    if (ranks.size === 1) return;
    const isNew = this.sharesBatch === null;
    const wanted = ranks.fromMain(this.sharesBatch ?? shareBatch);
    const shares = problem.method.method.model?.fit ? false : wanted;
    this.sharesBatch = shares === "auto" ? measureSharing(problem, direction) : shares;
    // All rows of a step may want another number of threads.
    if (isNew && !this.sharesBatch)
      this.threads = threadsFor(withExecution(problem, { shareBatch: false }), direction);
  }

  /** Measures how many steps the pairs of a half-iteration are simulated in, unless it is known; all ranks call it together. */
  measurePairs(half: number, sampler: Sampler): void {
    if (this.#problem.execution.cacheSteps === null || this.cacheSteps?.half === half) return;
    this.cacheSteps = { half, steps: measureCacheSteps(this.#problem, half, sampler) };
  }

  /** Takes what a saved state was made with, unless the problem fixes it. */
  restore(saved: Pick<SavedFacts, "threads" | "sharesBatch" | "bfloat16" | "cacheSteps">): void {
    this.bfloat16 = saved.bfloat16 ?? null;
    this.cacheSteps = saved.cacheSteps ?? null;
    const { threads, shareBatch } = this.#problem.execution;
    if (saved.threads !== null && threads === "auto") {
      this.threads = saved.threads;
      setNumThreads(saved.threads);
    }
    if (shareBatch === "auto") this.sharesBatch = saved.sharesBatch ?? null;
  }

  /** The problem with what is known. */
  get problem(): CompleteProblem {
    const known = { shareBatch: this.sharesBatch ?? true, ...this.#dtypes };
    const problem = withExecution(this.#problem, known);
    const { schedule } = problem;
    const { steps = schedule.cacheGrid.steps.length } = this.cacheSteps ?? {};
    if (steps === schedule.cacheGrid.steps.length) return problem;
    return {
      ...problem,
      schedule: { ...schedule, cacheGrid: resample(schedule.cacheGrid, steps) },
    };
  }

  get #dtypes(): { dtype: NetworkDType; simulateDtype: NetworkDType } {
    const { dtype, simulateDtype } = this.#problem.execution;
    return this.bfloat16
      ? { dtype, simulateDtype }
      : { dtype: "float32", simulateDtype: "float32" };
  }
}

/** All ranks take as many threads as suit rank 0, so that their number is in the saved state. */
function threadsFor(problem: CompleteProblem, direction: Direction): number {
  const { ranks, threads: wanted } = problem.execution;
  const own = measureThreads(problem, direction);
  const threads = wanted === "auto" ? ranks.fromMain(own) : own;
  if (threads !== own) setNumThreads(threads);
  return threads;
}
