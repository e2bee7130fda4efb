// The length of growth that the data decide, by the growth that halves of the rows agree on.
import { cat, type Generator, randperm, type Tensor, tidy } from "@dsbm/torch";
import { type CourseOfMasses, courseGrowth } from "./course-growth.js";
import { growthLength } from "./growth-length.js";
import { kernelMean } from "./kernel-mean.js";

/** Growth of one length, in deviations of log mass of an interval. */
export interface ScannedLength {
  /** See `growthCost`. */
  delta: number;
  /** Deviation of the growth of rows around the growth of their dataset, as far as both halves agree. */
  growth: number;
  /** Standard error, from the difference of both halves. */
  noise: number;
  /** How far the growth lies from that of the shortest length, beyond the noise of both. */
  shift: number;
  /** Correlation of the growth of both halves. */
  agreement: number;
}

/** Growth by length, and the place of the length with the least error. */
export interface GrowthScan {
  /** Scanned lengths, from the longest to the shortest. */
  lengths: ScannedLength[];
  /** Index of the best length. */
  best: number;
}

/** Of `growthLength`: longer ones let mass cross gaps, shorter ones only add noise. */
const lengthParts = [1, 0.7, 0.5, 0.35];
const rowsOfHalf = 200;

/**
 * Compares lengths by the growth (see `courseGrowth`) of two halves of the rows [n_k, d], float64, at most 400 of a set. A
 * short length is noisy. A long one lets mass move where it grew, which both halves share: its distance from the shortest
 * length shows that. The best length has the least sum of both squares.
 */
export function scanGrowth(
  sets: readonly Tensor[],
  course: CourseOfMasses,
  generator: Generator,
): GrowthScan {
  return tidy(() => {
    const longest = growthLength(sets, course.masses);
    const halves = sets.map((x) => {
      const n = Math.min(rowsOfHalf, Math.floor(x.size(0) / 2));
      const order = randperm(x.size(0), { generator });
      return [0, 1].map((i) => x.indexSelect(0, order.narrow(0, i * n, n)));
    });
    const points = halves.slice(0, -1).map((two) => cat(two));
    const growthOf = (delta: number) =>
      [0, 1].map((i) => {
        const part = halves.map((two) => two[i]);
        const all = courseGrowth(part, { ...course, delta });
        return cat(
          points.map((x, k) => {
            const gain = kernelMean({ rows: part[k], values: all[k].gain.unsqueeze(1) }, x);
            return gain.sub(gain.mean(0));
          }),
        );
      });
    const solved = lengthParts.map((part) => growthOf(part * longest));
    const [first, second] = solved.at(-1) as Tensor[];
    const lengths = solved.map(([a, b], i) => {
      const noise = meanSquare(a.sub(b)) / 4;
      const shared = a.mul(b).mean().item();
      const noiseOfShortest = meanSquare(first.sub(second)) / 4;
      const apart = meanSquare(a.add(b).sub(first).sub(second)) / 4;
      return {
        delta: lengthParts[i] * longest,
        growth: Math.sqrt(Math.max(0, shared)),
        noise: Math.sqrt(noise),
        shift: Math.sqrt(Math.max(0, apart - noiseOfShortest - noise)),
        agreement: shared / Math.sqrt(meanSquare(a) * meanSquare(b)) || 0,
      };
    });
    const errors = lengths.map(({ noise, shift }) => noise ** 2 + shift ** 2);
    return { lengths, best: errors.indexOf(Math.min(...errors)) };
  });
}

const meanSquare = (x: Tensor): number => x.square().mean().item();
