// The decisions before the steps: threads, and whether ranks share a batch.
import { setNumThreads } from "@dsbm/torch";
import { batchShare } from "../distributed/ranks.js";
import { type CompleteProblem, withExecution } from "../problem.js";
import { canRunAhead } from "../rows/source.js";

/** Threads of a step, and who computes its rows. */
export interface StepPlan {
  threads: number;
  /** Whether several ranks share the rows of a step; null for one process. */
  sharesBatch: boolean | null;
}

/**
 * Multiplications of a step for which one more thread pays. If the next pairs are simulated during
 * training, only long steps take threads from the simulation.
 */
const workPerThread = { alone: 5e7, shared: 1e9 };

/** Rows times positions of a batch for which an exchange of gradients pays. */
const sharedPoints = 512;
/** The same, times parameters. */
const sharedWork = 5e7;

/** Decides the open options, the same on all ranks, and sets the threads. */
export function planSteps(
  problem: CompleteProblem,
  parameters: number,
  saved: Partial<StepPlan>,
): StepPlan {
  const { ranks, threads, shareBatch } = problem.execution;
  const fit = problem.method.method.model?.fit;
  const { batchSize } = problem.optimisation;
  const points = positions(problem) * batchSize;
  const wouldShare = points >= sharedPoints && points * parameters >= sharedWork;
  const sharing = shareBatch === "auto" ? (saved.sharesBatch ?? wouldShare) : shareBatch;
  const sharesBatch = ranks.size === 1 ? null : ranks.fromMain(!fit && sharing);
  const known = withExecution(problem, { shareBatch: sharesBatch ?? true });
  const chosen =
    threads === "auto" ? ranks.fromMain(saved.threads ?? threadsFor(known, parameters)) : threads;
  setNumThreads(chosen);
  return { threads: chosen, sharesBatch };
}

function positions({ data }: CompleteProblem): number {
  const [, , ...spatial] = data.x0.shape;
  return spatial.reduce((a, b) => a * b, 1);
}

function threadsFor(problem: CompleteProblem, parameters: number): number {
  const { simulateThreads } = problem.execution;
  if (problem.method.method.model?.fit) return simulateThreads;
  const work = parameters * positions(problem) * batchShare(problem).rows;
  const { alone, shared } = workPerThread;
  const threads = Math.floor(work / (canRunAhead(problem) ? shared : alone));
  return Math.min(Math.max(threads, 1), Math.max(simulateThreads, 1));
}
