// Iterative Markovian fitting between two small sets of points. No network: the next step of a mixture of Brownian bridges
// has a closed form, and bridges between fixed times stay exact (Gushchin 2024b).

export type Point = readonly [number, number];
/** Weights of pairs: [source][target], with the sum 1. */
export type Coupling = number[][];

export interface Bridge {
  sigma: number;
  /** Steps of a path. */
  steps: number;
  /** Paths from each point. */
  count: number;
  /** Uniform numbers in [0, 1). */
  random: () => number;
}

export interface HalfIteration {
  coupling: Coupling;
  /** States of each path, from time 0 to time 1. */
  paths: Point[][];
}

export const squaredDistance = (a: Point, b: Point): number =>
  (a[0] - b[0]) ** 2 + (a[1] - b[1]) ** 2;

export const independent = (n: number, m: number): Coupling =>
  Array.from({ length: n }, () => Array.from({ length: m }, () => 1 / (n * m)));

const transpose = (coupling: Coupling): Coupling =>
  (coupling[0] ?? []).map((_, j) => coupling.map((row) => row[j] as number));

/** Returns a generator of uniform numbers (mulberry32). */
export function uniform(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let bits = Math.imul(state ^ (state >>> 15), 1 | state);
    bits = (bits + Math.imul(bits ^ (bits >>> 7), 61 | bits)) ^ bits;
    return ((bits ^ (bits >>> 14)) >>> 0) / 2 ** 32;
  };
}

const normal = (random: () => number): number =>
  Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());

/** Returns exp(x − log Σ exp x) of numbers. */
function softmax(numbers: readonly number[]): number[] {
  const most = Math.max(...numbers);
  const parts = numbers.map((x) => Math.exp(x - most));
  const sum = parts.reduce((a, b) => a + b, 0);
  return parts.map((x) => x / sum);
}

interface Problem {
  from: readonly Point[];
  to: readonly Point[];
  coupling: Coupling;
}

/** Returns the law of the endpoint over the points of `to`, given the state at a time in (0, 1). */
function endpointLaw({ from, to, coupling }: Problem, sigma: number) {
  const prior = coupling.map((row) => row.map(Math.log));
  return (x: Point, t: number): number[] => {
    const scale = 1 / (2 * sigma ** 2 * t * (1 - t));
    const largest = to.map(() => Number.NEGATIVE_INFINITY);
    const logs = to.map((b, j) =>
      from.map((a, i) => {
        const [dx, dy] = [x[0] - a[0] - t * (b[0] - a[0]), x[1] - a[1] - t * (b[1] - a[1])];
        const log = prior[i]![j]! - scale * (dx * dx + dy * dy);
        if (log > largest[j]!) largest[j] = log;
        return log;
      }),
    );
    const most = Math.max(...largest);
    const weights = logs.map((row) => row.reduce((sum, log) => sum + Math.exp(log - most), 0));
    const sum = weights.reduce((one, other) => one + other, 0);
    return weights.map((weight) => weight / sum);
  };
}

/** Draws an index by its weight. */
function draw(weights: readonly number[], random: () => number): number {
  let rest = random() * weights.reduce((sum, weight) => sum + weight, 0);
  for (const [index, weight] of weights.entries()) {
    rest -= weight;
    if (rest < 0) return index;
  }
  return weights.length - 1;
}

/** Simulates the Markovian projection of the mixture of bridges from every point of `from`. */
/** A path from a point whose end has the law `first`, and the law of its end at the last step. */
function simulatePath(
  start: Point,
  first: number[],
  {
    to,
    lawAt,
    bridge,
  }: { to: Problem["to"]; lawAt: ReturnType<typeof endpointLaw>; bridge: Bridge },
): { path: Point[]; lastLaw: number[] } {
  const { sigma, steps, random } = bridge;
  let [x, lastLaw] = [start, first];
  const path = [x];
  for (let step = 0; step < steps; step++) {
    const [t, next] = [step / steps, (step + 1) / steps];
    lastLaw = step === 0 ? first : lawAt(x, t);
    const end = to[draw(lastLaw, random)] as Point;
    const part = (next - t) / (1 - t);
    const deviation = sigma * Math.sqrt((1 - next) * part);
    const move = (k: 0 | 1) => x[k] + part * (end[k] - x[k]) + deviation * normal(random);
    x = [move(0), move(1)];
    path.push(x);
  }
  return { path, lastLaw };
}

function simulate(problem: Problem, bridge: Bridge): HalfIteration {
  const { from, to } = problem;
  const lawAt = endpointLaw(problem, bridge.sigma);
  const paths: Point[][] = [];
  const coupling = problem.coupling.map((row, i) => {
    const found = row.map(() => 0);
    for (let repeat = 0; repeat < bridge.count; repeat++) {
      const { path, lastLaw } = simulatePath(from[i] as Point, row, { to, lawAt, bridge });
      // The law of the last step is known: its weights have less noise than a draw of it.
      for (const [j, p] of lastLaw.entries()) found[j]! += p;
      paths.push(path);
    }
    return found.map((weight) => weight / (bridge.count * from.length));
  });
  return { coupling, paths };
}

/** One half-iteration of IMF. Backward paths start in the target and are returned in the order of time. */
export function halfIteration(
  problem: { source: readonly Point[]; target: readonly Point[]; coupling: Coupling },
  direction: "forward" | "backward",
  bridge: Bridge,
): HalfIteration {
  const { source, target, coupling } = problem;
  if (direction === "forward") return simulate({ from: source, to: target, coupling }, bridge);
  const reversed = { from: target, to: source, coupling: transpose(coupling) };
  const result = simulate(reversed, bridge);
  return {
    coupling: transpose(result.coupling),
    paths: result.paths.map((path) => path.toReversed()),
  };
}

/** The coupling of the Schrödinger bridge: entropic optimal transport, by Sinkhorn's algorithm. */
export function schrodingerCoupling(
  source: readonly Point[],
  target: readonly Point[],
  sigma: number,
): Coupling {
  const logs = source.map((a) => target.map((b) => -squaredDistance(a, b) / (2 * sigma ** 2)));
  const logSum = (numbers: number[]) => {
    const most = Math.max(...numbers);
    return most + Math.log(numbers.reduce((sum, x) => sum + Math.exp(x - most), 0));
  };
  let f = source.map(() => 0);
  let g = target.map(() => 0);
  for (let round = 0; round < 500; round++) {
    f = logs.map((row) => -logSum(row.map((x, j) => x + (g[j] as number))));
    g = target.map((_, j) => -logSum(logs.map((row, i) => (row[j] as number) + (f[i] as number))));
  }
  const weights = softmax(logs.flatMap((row, i) => row.map((x, j) => x + f[i]! + g[j]!)));
  return source.map((_, i) => weights.slice(i * target.length, (i + 1) * target.length));
}

/** Mean squared distance of the pairs. */
export const displacement = (
  source: readonly Point[],
  target: readonly Point[],
  coupling: Coupling,
): number =>
  source.reduce(
    (sum, a, i) =>
      sum + target.reduce((s, b, j) => s + (coupling[i]?.[j] ?? 0) * squaredDistance(a, b), 0),
    0,
  );
