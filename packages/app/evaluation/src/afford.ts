import { type Direction, sourceOf, wasserstein } from "@dsbm/bridge";
import { testConditions, testRows } from "@dsbm/problem";
import { type Tensor, tidy } from "@dsbm/torch";
import type { MeasureOptions } from "./measuring.js";
import type { Subject } from "./subject.js";
import { type Sampling, transport } from "./transport.js";

/** Shares of the time for samples and for exact distances. */
const share = 0.35;
/** An exact plan between twice as many rows takes 2^2.25 times as long (measured, 1,000 to 8,000 rows). */
const power = 2.25;
const trial = { vectors: 250, images: 8, exact: 200 };
const least = { vectors: 100, images: 8 };

export interface Work {
  sampling: Sampling;
  direction: Direction;
  /** How many times all rows are transported, and how many exact distances are computed. */
  transports: number;
  distances: number;
}

export interface Affordable {
  n: number;
  exact: number;
}

/** Returns the options' rows, or fewer if their clock demands it; null if it was stopped. */
export async function affordable(
  subject: Subject,
  options: MeasureOptions,
  { sampling, direction, transports, distances }: Work,
): Promise<Affordable | null> {
  const { n, exact, clock, seed, split } = options;
  if (clock.seconds === null) return { n, exact };
  const from = sourceOf(direction);
  const kind = subject.vectors ? "vectors" : "images";
  if (clock.isUp) return { n: Math.min(n, least[kind]), exact: Math.min(exact, least[kind]) };
  const start = tidy(() => testRows(subject.ends[from], trial[kind], seed, split).keep());
  try {
    const rows = start.size(0);
    const carry = async () => {
      const began = performance.now();
      const given = testConditions(subject.ends, from, rows, split);
      const how = { ...options, sampling, given, purpose: "trial", label: "a trial of few rows" };
      const result = await transport(subject.bridge, direction, start, how);
      result?.end.dispose();
      return result && (performance.now() - began) / 1000 / rows;
    };
    // The first call records the steps.
    let each = await carry();
    if (each !== null && each * rows < 0.1 * clock.left) each = await carry();
    if (each === null) return null;
    const fit = Math.floor((share * clock.left) / (transports * each));
    const plan = subject.vectors && distances > 0 ? planSeconds(start) : 0;
    const within = (share * clock.left) / Math.max(1e-9, distances * plan);
    return {
      n: Math.min(n, Math.max(least[kind], fit)),
      exact: Math.min(
        exact,
        Math.max(least.vectors, Math.floor(trial.exact * within ** (1 / power))),
      ),
    };
  } finally {
    start.dispose();
  }
}

/** Seconds of an exact plan between `trial.exact` rows. */
function planSeconds(x: Tensor): number {
  const half = Math.min(trial.exact, Math.floor(x.size(0) / 2));
  if (half < 2) return 0;
  const began = performance.now();
  tidy(() => wasserstein(x.narrow(0, 0, half), x.narrow(0, half, half), { p: 2, seed: 0 }));
  const seconds = (performance.now() - began) / 1000;
  return seconds * (trial.exact / half) ** power;
}
