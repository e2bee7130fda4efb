// The error function and its kin, in double precision.

const twoByRootPi = 2 / Math.sqrt(Math.PI);

/** Σ 2ⁿ x²ⁿ⁺¹/(2n+1)!!, times 2/√π e^(−x²): all terms are positive. */
function erfSeries(x: number): number {
  let term = x;
  let sum = x;
  for (let n = 1; Math.abs(term) > 1e-17 * Math.abs(sum); n++) {
    term *= (2 * x * x) / (2 * n + 1);
    sum += term;
  }
  return twoByRootPi * Math.exp(-x * x) * sum;
}

/** e^(x²) erfc(x) for x ≥ 2, by Laplace's continued fraction. */
function scaledErfc(x: number): number {
  let f = x;
  for (let n = 60; n >= 1; n--) f = x + n / 2 / f;
  return 1 / (f * Math.sqrt(Math.PI));
}

const boundary = 2.3;

/** The error function. */
export function erf(x: number): number {
  if (Number.isNaN(x)) return x;
  const a = Math.abs(x);
  if (a < boundary) return erfSeries(x);
  return Math.sign(x) * (a > 6 ? 1 : 1 - Math.exp(-a * a) * scaledErfc(a));
}

/** 1 − erf(x), without cancellation. */
export function erfc(x: number): number {
  if (Number.isNaN(x)) return x;
  if (x < boundary) return 1 - erf(x);
  return x > 27.3 ? 0 : Math.exp(-x * x) * scaledErfc(x);
}

/** The inverse of erf: Winitzki's formula, then Newton's steps on the smaller tail. */
export function erfinv(y: number): number {
  const a = Math.abs(y);
  if (!(a < 1)) return a === 1 ? y * Number.POSITIVE_INFINITY : Number.NaN;
  if (a === 0) return y;
  const log = Math.log1p(-a * a);
  const b = 2 / (Math.PI * 0.147) + log / 2;
  let x = Math.sqrt(Math.sqrt(b * b - log / 0.147) - b);
  for (let i = 0; i < 4; i++) {
    const error = a < 0.5 ? erf(x) - a : 1 - a - erfc(x);
    const step = error / (twoByRootPi * Math.exp(-x * x));
    // Halley's: the second derivative is −2x times the first.
    x -= step / (1 + x * step);
  }
  return Math.sign(y) * x;
}

/** Rounds to nearest, ties to even. */
export function roundHalfEven(x: number): number {
  const down = Math.floor(x);
  if (x - down !== 0.5) return Math.round(x);
  return down % 2 === 0 ? down : down + 1;
}

/** 1/(1 + e^(−x)). */
export const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));

/** Up from here, asymptotic series hold to rounding. */
const asymptoticStart = 10;

/** The digamma function, the derivative of log Γ: reflection, recurrence, asymptotic series. */
export function digamma(x: number): number {
  if (x === 0) return Object.is(x, -0) ? Infinity : -Infinity;
  if (x < 0)
    return Number.isInteger(x) ? Number.NaN : digamma(1 - x) - Math.PI / Math.tan(Math.PI * x);
  let shift = 0;
  let y = x;
  for (; y < asymptoticStart; y++) shift += 1 / y;
  const z = 1 / (y * y);
  const series =
    z *
    (1 / 12 - z * (1 / 120 - z * (1 / 252 - z * (1 / 240 - z * (1 / 132 - (z * 691) / 32760)))));
  return Math.log(y) - 0.5 / y - series - shift;
}

/** The trigamma function, the derivative of digamma. */
export function trigamma(x: number): number {
  if (x < 0.5) return (Math.PI / Math.sin(Math.PI * x)) ** 2 - trigamma(1 - x);
  let shift = 0;
  let y = x;
  for (; y < asymptoticStart; y++) shift += 1 / (y * y);
  const z = 1 / (y * y);
  const series = z * (1 / 6 - z * (1 / 30 - z * (1 / 42 - z * (1 / 30 - (z * 5) / 66))));
  return shift + 1 / y + z / 2 + series / y;
}
