// Whether ranks gain by sharing the rows of a step: the exchange of a small network's gradients can take longer than
// the rows that it saves; every rank then computes all rows, which gives the same weights without an exchange.

import { type Direction, hash32 } from "@dsbm/bridge";
import { type Device, zeros } from "@dsbm/torch";
import type { Ranks } from "../distributed/ranks.js";
import { type CompleteProblem, withExecution } from "../problem.js";
import { benchmarkStep, measuring, seconds } from "./benchmark-step.js";
import { longStep } from "./threads.js";

const median = (list: readonly number[]): number =>
  [...list].sort((a, b) => a - b)[list.length >> 1] as number;

/** Seconds of the exchange of gradients of so many bytes by itself. */
function exchangeSeconds(ranks: Ranks, bytes: number, device: Device): number {
  using all = zeros([Math.ceil(bytes / 4)], { device });
  const reduce = () => ranks.allReduce(all);
  reduce();
  return median([seconds(reduce), seconds(reduce), seconds(reduce)]);
}

/**
 * Whether a step is over sooner when the ranks share its rows, as rank 0 measures it; all ranks call it together.
 * Where a trial leaves different weights on some rank, they share: averages then keep them equal.
 */
export function measureSharing(problem: CompleteProblem, direction: Direction): boolean {
  const ranks = problem.execution.ranks;
  return measuring(problem, (fallback) => {
    using shared = benchmarkStep(withExecution(problem, { shareBatch: true }), direction);
    const recording = seconds(shared.step);
    const travels = exchangeSeconds(ranks, shared.bytes, problem.data.x0.device);
    // A long step gains in any case, unless the exchange is most of it.
    const isLong = (step: number, least: number) =>
      ranks.fromMain(step > least && step > 8 * travels);
    if (isLong(recording, 20 * longStep)) return true;
    const first = seconds(shared.step);
    if (isLong(first, longStep)) return true;
    fallback.manualSeed(hash32(`${problem.seed}/sharing`));
    using whole = benchmarkStep(withExecution(problem, { shareBatch: false }), direction);
    for (let i = 0; i < 3; i++) whole.step();
    if (ranks.outOfSyncRanks(whole.network.parameters()).length > 0) return true;
    const n = ranks.fromMain(Math.max(1, Math.min(8, Math.round(0.02 / first))));
    const rounds = Array.from({ length: 7 }, () => [
      seconds(shared.step, n),
      seconds(whole.step, n),
    ]);
    const [together, alone] = [0, 1].map((i) => median(rounds.map((r) => r[i] as number)));
    return ranks.fromMain((together as number) < (alone as number));
  });
}
