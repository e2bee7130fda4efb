// How many threads a step should use: small networks are fastest on one, so it is measured, not guessed.

import type { Direction } from "@dsbm/bridge";
import { getNumThreads, setNumThreads } from "@dsbm/torch";
import { batchShare } from "../distributed/batch-share.js";
import { localRanks } from "../distributed/ranks.js";
import { type CompleteProblem, withExecution } from "../problem.js";
import { canRunAhead } from "../rows/source.js";
import { benchmarkStep, measuring, seconds } from "./benchmark-step.js";

/**
 * Times `step` with each candidate in turns and leaves the fastest set; more threads must win by 5 %.
 * Returns the choice and the best seconds of each candidate.
 */
export function chooseThreads(
  step: () => void,
  candidates: readonly number[],
): { threads: number; least: Record<number, number> } {
  const before = getNumThreads();
  const least: Record<number, number> = {};
  try {
    for (let round = 0; round <= 5; round++) {
      for (const n of candidates) {
        setNumThreads(n);
        const took = seconds(step, 8);
        if (round > 0) least[n] = Math.min(least[n] ?? Number.POSITIVE_INFINITY, took); // the first round warms up
      }
    }
  } catch (error) {
    setNumThreads(before);
    throw error;
  }
  let threads = Math.min(...candidates);
  for (const n of candidates)
    if ((least[n] as number) < 0.95 * (least[threads] as number)) threads = n;
  setNumThreads(threads);
  return { threads, least };
}

/** 1, 2, 4, … up to the processors there are. */
export function threadCandidates(cores: number): number[] {
  const list = [1];
  for (let n = 2; n < cores; n *= 2) list.push(n);
  if (cores > 1) list.push(cores);
  return list;
}

interface Timed {
  one: number;
  best: number;
  /** How many the best number is. */
  threads: number;
  cores: number;
  steps: number;
}

/**
 * Whether an epoch is over sooner when its steps take one thread and the next epoch is simulated beside them than when
 * steps on the best number of threads and the simulation take turns. `one` and `best` are seconds a training step, of
 * which a third is the forward pass; a simulation makes as many of these as it has steps.
 */
export function isFasterBeside({ one, best, threads, cores, steps }: Timed): boolean {
  const simulation = (one / 3) * steps;
  // No step gains more from threads than their number, whatever is measured on a busy machine.
  const turns = Math.max(best, one / threads) + simulation / cores;
  return Math.max(one, (one + simulation) / cores) <= turns;
}

/** A step that takes longer than this gains from every thread: it is not measured. */
export const longStep = 0.05;

/**
 * Chooses and sets the threads of a training step, on a network that is thrown away afterwards: the fastest number, or
 * one where that leaves the cores to a simulation beside the training.
 */
export function measureThreads(problem: CompleteProblem, direction: Direction): number {
  const set = (n: number) => {
    setNumThreads(n);
    return n;
  };
  const { threads: wanted, simulateThreads } = problem.execution;
  if (wanted !== "auto") return set(wanted);
  const candidates = threadCandidates(Math.max(1, simulateThreads));
  const most = candidates[candidates.length - 1] as number;
  if (most === 1 || problem.method.method.model?.fit) return set(most);
  return measuring(problem, () => {
    // As much as one of the ranks has to do, without waiting for the others.
    const own = withExecution(problem, { ranks: localRanks });
    const { rows: batchSize } = batchShare(problem);
    const optimisation = { ...problem.optimisation, batchSize };
    using trial = benchmarkStep({ ...own, optimisation }, direction);
    const timed = (n: number) => {
      set(n);
      return seconds(trial.step);
    };
    // The first one is recorded, which takes a part of a second by itself.
    if (timed(most) > 60 * longStep) return set(most);
    const all = timed(most);
    // A short step looks long where its threads wait for a busy machine: on one thread it does not.
    if (all > 20 * longStep || (all > longStep && timed(1) > longStep)) return set(most);
    const { threads, least } = chooseThreads(trial.step, candidates);
    const times = { one: least[1] as number, best: least[threads] as number, threads };
    const steps = problem.schedule.cacheGrid.steps.length;
    const beside = canRunAhead(problem) && isFasterBeside({ ...times, cores: most, steps });
    return beside ? set(1) : threads;
  });
}
