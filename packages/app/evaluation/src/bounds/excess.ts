// The excess of a value: the remaining share of the distance from its ceiling to its floor, with its interval and power.
import type { Estimate } from "@dsbm/bridge";
import { deviation, type Excess } from "@dsbm/runs";
import { tensor, tidy } from "@dsbm/torch";
import type { Halves } from "./halves.js";

/**
 * Half-samples triple the variance of a degenerate statistic (half for the floor) instead of
 * keeping it. The surplus is subtracted, down to the noise of two samples of one distribution.
 */
const surplus = 2.5;
const leastNoise = 1.2;

/** A value between its bounds. */
interface Bounded {
  value: number;
  floor: number;
  ceiling: number;
}

/**
 * The remaining share of the distance from ceiling to floor. Squares are compared: sampling noise
 * adds to the square of a distance, so a difference of squares has no bias at any n. `floorHigh` is the upper end of the
 * floor's interval.
 */
export function excessOf(
  { value, floor, ceiling }: Bounded,
  halves: Halves,
  { isSquare, floorHigh }: { isSquare: boolean; floorHigh: number },
): Excess {
  const square = (x: number) => (isSquare ? x : x * Math.abs(x));
  const whole = { value: square(value), floor: square(floor), ceiling: square(ceiling) };
  const left = shareOf(whole);
  const floors = halves.floors.map(([a, b]) => (square(a) + square(b)) / 2);
  const ways = halves.ceiling.map((x, k) => square(x) - floors[k]);
  const rests = halves.value.map((x, k) => square(x) - floors[k]);
  const differences = halves.floors.map(([a, b]) => square(a) - square(b));
  // Two draws differ by √2 times the noise of one, and half of the rows have twice the noise.
  const none = deviation(differences) / Math.SQRT2 / 2;
  const errorOf = (share: number) => {
    const errors = rests.map((x, k) => x - share * ways[k]);
    return Math.sqrt(
      Math.max(deviation(errors) ** 2 - surplus * none ** 2, leastNoise * none ** 2),
    );
  };
  const excess = excessWithin(whole, {
    // First order error of a ratio.
    error: errorOf(left),
    gap: errorOf(whole.ceiling > whole.floor ? 1 : 0),
    none,
    ways: deviation(ways),
    isSquared: true,
  });
  const ofFloor = shareOf({ ...whole, value: square(floorHigh) });
  return ofFloor >= 0 ? { ...excess, floor: Math.sqrt(ofFloor) } : excess;
}

/** The excess of a value with a known floor whose samples deviate alike: so does further real data. */
export function linearExcess(whole: Bounded, deviation: number): Excess {
  const error = deviation * Math.hypot(1, shareOf(whole));
  const excess = excessWithin(whole, {
    error,
    gap: Math.SQRT2 * deviation,
    none: deviation,
    ways: deviation,
    isSquared: false,
  });
  const ofFloor = (1.96 * deviation) / (whole.ceiling - whole.floor);
  return ofFloor >= 0 && Number.isFinite(ofFloor) ? { ...excess, floor: ofFloor } : excess;
}

/** The excess of an exact distance; its interval holds the variation of floor and ceiling. */
export function distanceExcess(
  { value, low, high }: Estimate,
  floor: number,
  ceiling: number,
): Excess {
  const whole = { value: value ** 2, floor: floor ** 2, ceiling: ceiling ** 2 };
  const deviation = (Math.SQRT2 * (high - low)) / (2 * 1.96);
  const ofSquare = (distance: number) => 2 * distance * deviation;
  const error = Math.hypot(ofSquare(value), shareOf(whole) * ofSquare(ceiling));
  return excessWithin(whole, {
    error,
    gap: Math.hypot(ofSquare(value), ofSquare(Math.max(floor, ceiling))),
    none: ofSquare(floor),
    ways: ofSquare(ceiling),
    isSquared: true,
  });
}

const shareOf = ({ value, floor, ceiling }: Bounded): number => (value - floor) / (ceiling - floor);

/** Deviations by which a value beyond both bounds is no noise: two draws of one distribution must not be. */
const gapDeviations = 3;

/** Deviations of the remaining distance, and of a value without and with a difference. */
interface Deviations {
  error: number;
  /** Of the value minus the larger bound. */
  gap: number;
  none: number;
  ways: number;
  /** Whether values are squares: without a difference they fall as 1/n instead of 1/√n. */
  isSquared: boolean;
}

function excessWithin(whole: Bounded, { error, gap, none, ways, isSquared }: Deviations): Excess {
  const way = whole.ceiling - whole.floor;
  const beyond = whole.value - Math.max(whole.floor, whole.ceiling);
  // Farther than the start, also where start and end can hardly be told apart.
  const least = beyond > gapDeviations * gap ? 1 : 0;
  if (!(way > 0)) return { value: 1, low: least, high: 1, power: 0.05, more: null, isSquared };
  const left = shareOf(whole);
  const width = (1.96 * error) / way;
  const inUnits = (x: number) => Math.max(0, x) ** (isSquared ? 0.5 : 1);
  // The power of a test at the 5 % level with `times` as many rows.
  const power = (times: number) => {
    const noise = none / times ** (isSquared ? 1 : 0.5);
    const deviation = Math.max(ways / Math.sqrt(times), noise, Number.MIN_VALUE);
    return normalBelow((way - 1.645 * noise) / deviation);
  };
  let times = 1;
  while (times <= mostRows && power(times) < powerOfEnoughRows) times *= 1.1;
  return {
    value: inUnits(left),
    low: Math.max(least, inUnits(left - width)),
    // A value below its floor is noise: it does not lower the upper end of the interval.
    high: inUnits(Math.max(0, left) + width),
    power: power(1),
    more: times <= mostRows ? times : null,
    isSquared,
  };
}

/** The power at which rows suffice. */
const powerOfEnoughRows = 0.8;
/** The greatest factor of rows that is tried. */
const mostRows = 1000;

/** The standard normal distribution function. */
const normalBelow = (x: number): number =>
  0.5 +
  0.5 *
    tidy(() =>
      tensor(x / Math.SQRT2, { dtype: "float64" })
        .erf()
        .item(),
    );
