import { argumentError } from "./errors.js";

/** Increasing times 0 = t_0 < … < t_N = 1 and their differences Δt_k = t_{k+1} − t_k. */
export interface TimeGrid {
  /** N + 1 times. */
  readonly times: readonly number[];
  /** N differences. */
  readonly steps: readonly number[];
}

const timeTolerance = 1e-9;

/**
 * N equal steps.
 * @throws {BridgeError} unless N is an integer of at least 1.
 */
export function uniformGrid(n: number): TimeGrid {
  checkSteps(n);
  return {
    times: Array.from({ length: n + 1 }, (_, k) => k / n),
    steps: Array.from({ length: n }, () => 1 / n),
  };
}

/** All divisors of a number of steps, the smallest first. */
export const divisorsOf = (steps: number): number[] =>
  Array.from({ length: steps }, (_, k) => k + 1).filter((k) => steps % k === 0);

/** Options of `gammaSchedule`. */
export interface GammaOptions {
  /** The first variance, above 0. */
  gamma_min: number;
  /** The last variance, or the variance in the middle. */
  gamma_max: number;
  /** Equal differences (default) or equal ratios. */
  gamma_space?: "linspace" | "geomspace";
  /** The second half mirrors the first half. */
  symmetric_gamma?: boolean;
}

/**
 * The variances γ_1 … γ_N of N steps.
 * @throws {BridgeError} unless 0 < gamma_min ≤ gamma_max, and for a symmetric schedule of odd N.
 */
export function gammaSchedule(
  n: number,
  { gamma_min, gamma_max, gamma_space = "linspace", symmetric_gamma = false }: GammaOptions,
): number[] {
  checkSteps(n);
  if (!(gamma_min > 0 && gamma_min <= gamma_max && Number.isFinite(gamma_max)))
    throw argumentError(
      `gamma_min is ${gamma_min} and gamma_max ${gamma_max}; expected 0 < gamma_min ≤ gamma_max`,
    );
  if (symmetric_gamma && n % 2 === 1)
    throw argumentError(`a symmetric schedule has an even number of steps, got ${n}; use ${n + 1}`);
  const count = symmetric_gamma ? n / 2 : n;
  const at = (k: number) => {
    const s = count === 1 ? 0 : k / (count - 1);
    return gamma_space === "linspace"
      ? gamma_min + s * (gamma_max - gamma_min)
      : gamma_min * (gamma_max / gamma_min) ** s;
  };
  const half = Array.from({ length: count }, (_, k) => at(k));
  return symmetric_gamma ? [...half, ...half.toReversed()] : half;
}

/**
 * The grid of variances γ_1 … γ_N: Δt_k = γ_k / Σγ.
 * @throws {BridgeError} unless all are finite and positive.
 */
export function gammaGrid(gammas: readonly number[]): TimeGrid {
  if (gammas.length === 0 || gammas.some((g) => !Number.isFinite(g) || g <= 0))
    throw argumentError("a schedule needs at least one gamma, each finite and positive");
  const total = gammas.reduce((a, b) => a + b, 0);
  const times = [0];
  let sum = 0;
  for (const g of gammas) {
    sum += g;
    times.push(sum / total);
  }
  times[times.length - 1] = 1;
  return { times, steps: gammas.map((g) => g / total) };
}

/** The grid with n steps, by linear interpolation of the cumulative schedule. */
export function resample(grid: TimeGrid, n: number): TimeGrid {
  checkSteps(n);
  const old = grid.steps.length;
  const times = Array.from({ length: n + 1 }, (_, k) => {
    const at = (k * old) / n;
    const i = Math.min(Math.floor(at), old - 1);
    const a = grid.times[i];
    const b = grid.times[i + 1];
    return a + (at - i) * (b - a);
  });
  return { times, steps: times.slice(1).map((t, k) => t - times[k]) };
}

/** The grid with a stop at time `at`, which cuts a step in two. */
export function withTime(grid: TimeGrid, at: number): TimeGrid {
  if (grid.times.some((t) => Math.abs(t - at) < timeTolerance)) return grid;
  const i = grid.times.findIndex((t) => t > at) - 1;
  const low = grid.times[i];
  const high = grid.times[i + 1];
  const dt = grid.steps[i];
  const share = (at - low) / (high - low);
  return {
    times: [...grid.times.slice(0, i + 1), at, ...grid.times.slice(i + 1)],
    steps: [...grid.steps.slice(0, i), dt * share, dt * (1 - share), ...grid.steps.slice(i + 1)],
  };
}

/**
 * The steps of a grid between two times.
 * @throws {BridgeError} unless they rise within the grid's times.
 */
export function gridBetween(grid: TimeGrid, from: number, to: number): TimeGrid {
  const first = grid.times[0];
  const last = grid.times.at(-1)!;
  if (!(from >= first && to <= last && to - from > timeTolerance))
    throw argumentError(
      `the times ${from} and ${to}; expected two that rise between ${first} and ${last}`,
    );
  const { times, steps } = withTime(withTime(grid, from), to);
  const isIn = (t: number) => t > from - timeTolerance && t < to + timeTolerance;
  const start = times.findIndex(isIn);
  const within = times.filter(isIn);
  return { times: within, steps: steps.slice(start, start + within.length - 1) };
}

function checkSteps(n: number): void {
  if (!Number.isInteger(n) || n < 1)
    throw argumentError(`number of steps is ${n}; expected an integer of at least 1`);
}
