// Sinkhorn's iteration, accelerated (Anderson's method in log v; Walker and Ni 2011), in float64.

/** The matrix [n, m] by rows, weights of rows and columns, their scalings, and the exponent of the sums. */
export interface Scaling {
  kernel: Float64Array;
  a: Float64Array;
  b: Float64Array;
  u: Float64Array;
  v: Float64Array;
  tau: number;
}

const history = 8;
/** Of the squared change: an increase above which an iteration is taken back, and the damping of the weights. */
const growth = 4;
const damping = 1e-8;

const scalingFor = (weight: number, sum: number, tau: number) =>
  weight / (tau === 1 ? sum : sum ** tau);

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
  return sum;
}

/** Of the last iterates, the combination whose changes cancel best, by least squares. */
class Anderson {
  #count = 0;
  #last: Float64Array | null = null;
  #change: Float64Array | null = null;
  readonly #moves: Float64Array[] = [];
  readonly #changes: Float64Array[] = [];

  /** x ← x + f(x), accelerated. */
  advance(x: Float64Array, f: Float64Array): void {
    const last = this.#last;
    const change = this.#change;
    if (last && change) {
      if (dot(f, f) > growth * dot(change, change)) {
        x.forEach((_, i) => {
          x[i] = last[i] + change[i];
        });
        this.#count = 0;
        this.#last = null;
        this.#change = null;
        return;
      }
      const slot = this.#count++ % history;
      this.#changes[slot] = f.map((value, i) => value - change[i]);
      this.#moves[slot] = x.map((value, i) => value - last[i] + this.#changes[slot][i]);
    }
    this.#last = x.slice();
    this.#change = f.slice();
    const weights = this.#weights(f);
    for (let i = 0; i < x.length; i++) x[i] += f[i];
    weights.forEach((w, j) => {
      const move = this.#moves[j];
      for (let i = 0; i < x.length; i++) x[i] -= w * move[i];
    });
  }

  /** Of the normal equations, by elimination; what rounding makes singular is damped. */
  #weights(f: Float64Array): number[] {
    const size = Math.min(this.#count, history);
    const columns = this.#changes.slice(0, size);
    const rows = columns.map((a) => [...columns.map((b) => dot(a, b)), dot(a, f)]);
    const small = rows.reduce((sum, row, i) => sum + 1e-14 * row[i], damping * dot(f, f));
    rows.forEach((row, i) => {
      row[i] += small;
    });
    for (let i = 0; i < size; i++)
      for (let k = 0; k < size; k++) {
        const by = k === i ? 0 : rows[k][i] / rows[i][i];
        for (let j = i; j <= size; j++) rows[k][j] -= by * rows[i][j];
      }
    return rows.map((row, i) => (small > 0 ? row[size] / row[i] : 0));
  }
}

/** u, and the next v; the total deviation of the column sums. */
function iterate({ kernel, a, b, u, v, tau }: Scaling, next: Float64Array): number {
  const m = v.length;
  const sums = new Float64Array(m);
  for (let i = 0; i < u.length; i++) {
    let sum = 0;
    const start = i * m;
    for (let j = 0; j < m; j++) sum += kernel[start + j] * v[j];
    const scale = scalingFor(a[i], sum, tau);
    u[i] = scale;
    for (let j = 0; j < m; j++) sums[j] += kernel[start + j] * scale;
  }
  let deviation = 0;
  for (let j = 0; j < m; j++) {
    next[j] = scalingFor(b[j], sums[j], tau);
    deviation += Math.abs(next[j] - v[j]) * sums[j];
  }
  return deviation;
}

/** Replaces the kernel by the plan u K v. Returns the total deviation of its row sums. */
function toPlan({ kernel, a, u, v, tau }: Scaling): number {
  const m = v.length;
  let error = 0;
  for (let i = 0; i < u.length; i++) {
    let sum = 0;
    for (let j = 0; j < m; j++) {
      kernel[i * m + j] *= u[i] * v[j];
      sum += kernel[i * m + j];
    }
    error += Math.abs(a[i] * (tau === 1 ? 1 : (sum / u[i]) ** (1 - tau)) - sum);
  }
  return error;
}

/** Iterates until the column sums deviate by at most `tolerance`. Returns the deviation of the plan's row sums, and the count. */
export function iterateSinkhorn(
  problem: Scaling,
  { tolerance, most }: { tolerance: number; most: number },
): [error: number, count: number] {
  const { v } = problem;
  const next = new Float64Array(v.length);
  const change = new Float64Array(v.length);
  const x = v.map(Math.log);
  const accelerator = new Anderson();
  let count = 0;
  for (;;) {
    const deviation = iterate(problem, next);
    if (++count === most || !(deviation > tolerance)) break;
    for (let j = 0; j < v.length; j++) change[j] = Math.log(next[j] / v[j]);
    accelerator.advance(x, change);
    for (let j = 0; j < v.length; j++) v[j] = Math.exp(x[j]);
  }
  v.set(next);
  return [toPlan(problem), count];
}
