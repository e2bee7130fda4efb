// The model of a data-parallel step: computation and exchange.

/** Seconds of a ring's all-reduction of `bytes` among `n`, each hop `latency`, each link `bandwidth` bytes a second. */
export function ring(n, bytes, { latency, bandwidth }) {
  return n === 1 ? 0 : 2 * (n - 1) * latency + (2 * (n - 1) * bytes) / n / bandwidth;
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
