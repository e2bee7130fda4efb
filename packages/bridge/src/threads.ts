// How many threads a step should use: small networks are fastest on one, so it is measured, not guessed.
import { getNumThreads, setNumThreads } from "@dsbm/torch";

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
