// Shared by the transport tests: seeded numbers, costs, brute force and the proof of optimality.
import { expect } from "vitest";
import type { SparsePlan } from "../../src/ot/plan.js";

/** A seeded generator of numbers in [0, 1) (mulberry32). */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t = (t + Math.imul(t ^ (t >>> 7), t | 61)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

export function numbers(count: number, random: () => number): Float64Array {
  return Float64Array.from({ length: count }, random);
}

/** The least total cost over all permutations. */
export function bruteForce(cost: Float64Array, n: number): number {
  const used = new Array<boolean>(n).fill(false);
  const search = (row: number): number => {
    if (row === n) return 0;
    let least = Number.POSITIVE_INFINITY;
    for (let j = 0; j < n; j++) {
      if (used[j]) continue;
      used[j] = true;
      least = Math.min(least, cost[row * n + j] + search(row + 1));
      used[j] = false;
    }
    return least;
  };
  return search(0);
}

/** Row and column sums of a plan. */
export function marginals(plan: SparsePlan): { a: Float64Array; b: Float64Array } {
  const a = new Float64Array(plan.n);
  const b = new Float64Array(plan.m);
  plan.mass.forEach((mass, k) => {
    const i = plan.rows[k];
    const j = plan.columns[k];
    a[i] = a[i] + mass;
    b[j] = b[j] + mass;
  });
  return { a, b };
}

/** Checks the certificate of optimality: u + v ≤ c everywhere and = c where mass flows. */
export function expectOptimal(
  cost: Float64Array,
  solved: { plan: SparsePlan; u: Float64Array; v: Float64Array },
): void {
  const { n, m } = solved.plan;
  const scale = cost.reduce((p, q) => Math.max(p, Math.abs(q)), 1e-300);
  let violation = 0;
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < m; j++) {
      violation = Math.max(violation, solved.u[i] + solved.v[j] - cost[i * m + j]);
    }
  }
  let slack = 0;
  solved.plan.mass.forEach((mass, k) => {
    const i = solved.plan.rows[k];
    const j = solved.plan.columns[k];
    expect(mass).toBeGreaterThan(0);
    slack = Math.max(slack, Math.abs(cost[i * m + j] - solved.u[i] - solved.v[j]));
  });
  expect(violation / scale).toBeLessThan(1e-12);
  expect(slack / scale).toBeLessThan(1e-12);
}
