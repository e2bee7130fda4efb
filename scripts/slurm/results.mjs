// The numbers of runs, read from their folders, and what it takes for two of them to be the same.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/**
 * Allowed difference between the numbers of two processes and of one: sums are taken in another
 * order.
 */
const tolerance = 1e-4;

/** @throws an error with this text unless the truth is one. */
export function expect(truth, text) {
  if (!truth) throw new Error(text);
}

/** All results below a folder but for times: path → rows of cells. */
export function results(folder) {
  const files = readdirSync(folder, { recursive: true }).filter((path) =>
    /gaussian.*results\.csv$/.test(path),
  );
  const table = (path) => {
    const [head, ...rows] = readFileSync(join(folder, path), "utf8")
      .trim()
      .split("\n")
      .map((l) => l.split(","));
    return rows.map((row) => row.filter((_, i) => !head[i].startsWith("seconds")));
  };
  return Object.fromEntries(files.sort().map((path) => [path, table(path)]));
}

/** @throws where two folders' numbers are farther apart than they may be. */
export function compare(some, others, wanted = () => true) {
  const [a, b] = [results(some), results(others)];
  const paths = Object.keys(a).filter(wanted);
  expect(paths.length > 0, "there are no results");
  for (const path of paths) {
    const [x, y] = [a[path].flat(), (b[path] ?? []).flat()];
    expect(
      x.length === y.length && x.length > 0,
      `${path}: ${x.length} numbers beside ${y.length}`,
    );
    for (const [i, text] of x.entries()) {
      const [p, q] = [Number(text), Number(y[i])];
      const near = Number.isNaN(p)
        ? text === y[i]
        : Math.abs(p - q) <= tolerance * Math.max(1, Math.abs(q));
      expect(near, `${path}: ${text} beside ${y[i]}`);
    }
  }
}
