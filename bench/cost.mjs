// The cost of a data-parallel step on paper: computation, exchange, and their overlap.

/** Bytes of a bucket, as `bucket_cap_mb` has it where nobody sets it. */
const BUCKET = 25 * 2 ** 20;

/** Seconds of a ring's all-reduction of `bytes` among `n`, each hop `latency`, each link `bandwidth` bytes a second. */
export function ring(n, bytes, { latency, bandwidth }) {
  return n === 1 ? 0 : 2 * (n - 1) * latency + (2 * (n - 1) * bytes) / n / bandwidth;
}

/** Seconds of an all-reduction by machines of `each` GPUs: a ring within, a tree between. */
export function clustered(n, bytes, { each, within, between }) {
  const local = Math.min(n, each);
  const machines = Math.ceil(n / each);
  const hops = 2 * Math.ceil(Math.log2(machines));
  const across = (2 * (machines - 1) * bytes) / machines / between.bandwidth;
  return ring(local, bytes, within) + (machines === 1 ? 0 : hops * between.latency + across);
}

/**
 * Visible part of an exchange: buckets travel during the backward pass (two thirds of the
 * computation), but the last one has nothing to hide behind.
 */
export function exposed(bytes, compute, time, cap = BUCKET) {
  const buckets = Math.max(1, Math.ceil(bytes / cap));
  const one = time(bytes / buckets);
  return Math.max(one, buckets * one - (2 / 3) * compute * (1 - 1 / buckets));
}

/** Slope and offset of y over x, by least squares of relative errors; neither below zero. */
export function leastSquares(points) {
  const sums = [0, 0, 0, 0, 0];
  for (const [x, y] of points) {
    const w = 1 / (y * y);
    for (const [i, v] of [1, x, x * x, y, x * y].entries()) sums[i] += w * v;
  }
  const [s, sx, sxx, sy, sxy] = sums;
  const slope = (s * sxy - sx * sy) / (s * sxx - sx * sx);
  const offset = (sy - slope * sx) / s;
  if (offset < 0) return { offset: 0, slope: sxy / sxx };
  if (slope < 0) return { offset: sy / s, slope: 0 };
  return { offset, slope };
}

/** Rows as a table of Markdown, numbers to the right. */
export function markdown(head, rows) {
  const line = (cells) => `| ${cells.join(" | ")} |`;
  return [line(head), line(head.map((_, i) => (i === 0 ? "---" : "--:"))), ...rows.map(line)].join(
    "\n",
  );
}
