// How many threads a step should use: small networks are fastest on one, so it is measured, not guessed.

import type { Direction } from "@dsbm/bridge";
import { Generator, getNumThreads, setNumThreads } from "@dsbm/torch";
import { batchShare } from "../distributed/batch-share.js";
import { localRanks } from "../distributed/ranks.js";
import { type CompleteProblem, withExecution } from "../problem.js";
import { canRunAhead } from "../rows/source.js";
import { benchmarkStep } from "./benchmark-step.js";

/**
 * Times `step` with each candidate in turns and leaves the fastest set; more threads must win by 5 %.
 * Returns the choice and the best seconds of each candidate.
 */
export function chooseThreads(
  step: () => void,
  {
    candidates,
    repeats = 8,
    rounds = 5,
  }: { candidates: readonly number[]; repeats?: number; rounds?: number },
): { threads: number; seconds: Record<number, number> } {
  const before = getNumThreads();
  const seconds: Record<number, number> = {};
  try {
    for (let round = 0; round <= rounds; round++) {
      for (const n of candidates) {
        setNumThreads(n);
        const start = performance.now();
        for (let i = 0; i < repeats; i++) step();
        const took = (performance.now() - start) / 1000 / repeats;
        if (round > 0) seconds[n] = Math.min(seconds[n] ?? Number.POSITIVE_INFINITY, took); // the first round warms up
      }
    }
  } catch (error) {
    setNumThreads(before);
    throw error;
  }
  let threads = Math.min(...candidates);
  for (const n of candidates)
    if ((seconds[n] as number) < 0.95 * (seconds[threads] as number)) threads = n;
  setNumThreads(threads);
  return { threads, seconds };
}

/** 1, 2, 4, … up to the processors there are. */
export function threadCandidates(cores: number): number[] {
  const list = [1];
  for (let n = 2; n < cores; n *= 2) list.push(n);
  if (cores > 1) list.push(cores);
  return list;
}

/**
 * Whether an epoch is over sooner when its steps take one thread and the next epoch is simulated beside them than when
 * steps on the best number of threads and the simulation take turns. `one` and `best` are seconds a training step, of
 * which a third is the forward pass; a simulation makes as many of these as it has steps.
 */
export function isFasterBeside({
  one,
  best,
  threads,
  cores,
  steps,
}: {
  one: number;
  best: number;
  /** How many the best number is. */
  threads: number;
  cores: number;
  steps: number;
}): boolean {
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
  if (most === 1 || problem.method.method.fit) return set(most);
  const before = Generator.default(problem.data.x0.device);
  const drawn = before.getState();
  try {
    // As much as one of the ranks has to do, without waiting for the others.
    using trial = benchmarkStep(
      {
        ...withExecution(problem, { ranks: localRanks }),
        optimisation: { ...problem.optimisation, batchSize: batchShare(problem).rows },
      },
      direction,
    );
    const timed = (n: number) => {
      set(n);
      const start = performance.now();
      trial.step();
      return (performance.now() - start) / 1000;
    };
    timed(most); // records
    const all = timed(most);
    // A short step looks long where its threads wait for a busy machine: on one thread it does not.
    if (all > 20 * longStep || (all > longStep && timed(1) > longStep)) return set(most);
    const { threads, seconds } = chooseThreads(trial.step, { candidates });
    const [one, best] = [seconds[1], seconds[threads]] as [number, number];
    const times = {
      one,
      best,
      threads,
      cores: most,
      steps: problem.schedule.cacheGrid.steps.length,
    };
    const beside = canRunAhead(problem) && isFasterBeside(times);
    return beside ? set(1) : threads;
  } finally {
    before.setState(drawn);
  }
}
