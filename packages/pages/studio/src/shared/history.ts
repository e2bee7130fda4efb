// Curves in a bounded number of points: neighbouring rows are merged into their mean, least and greatest value, so
// that no peak is lost.
import type { HistoryPart } from "./api.js";

const most = 4000;
const mostMetrics = 24;

interface Merged {
  sum: number;
  n: number;
  min: number;
  max: number;
}

interface Point {
  half: number;
  direction: string;
  step: number;
  rows: number;
  values: Record<string, Merged>;
}

const places = new Set(["half_iteration", "direction", "step"]);

export const emptyHistory: HistoryPart = {
  reset: true,
  half: [],
  direction: [],
  step: [],
  metrics: {},
  notFinite: [],
};

export class History {
  #points: Point[] = [];
  #stride = 1;
  #names = new Set<string>();
  readonly notFinite = new Map<string, HistoryPart["notFinite"][number]>();

  get length(): number {
    return this.#points.length;
  }

  /** Adds a row of metrics.jsonl; one without half-iteration and step is passed over. */
  add(row: Record<string, unknown>): void {
    const { half_iteration: half, step, direction } = row;
    if (typeof half !== "number" || typeof step !== "number") return;
    const values: Record<string, Merged> = {};
    for (const [name, value] of Object.entries(row)) {
      if (places.has(name)) continue;
      if (!this.#names.has(name) && this.#names.size >= mostMetrics) continue;
      if (typeof value === "number" && Number.isFinite(value)) {
        this.#names.add(name);
        values[name] = { sum: value, n: 1, min: value, max: value };
      } else if (["NaN", "Infinity", "-Infinity"].includes(String(value))) {
        this.#names.add(name);
        if (!this.notFinite.has(name))
          this.notFinite.set(name, { metric: name, value: String(value), half, step });
      }
    }
    this.#push({ half, step, direction: direction === "f" ? "f" : "b", rows: 1, values });
  }

  append(part: HistoryPart): void {
    if (part.reset) this.clear();
    for (const entry of part.notFinite)
      if (!this.notFinite.has(entry.metric)) this.notFinite.set(entry.metric, entry);
    part.step.forEach((step, i) => {
      const values: Record<string, Merged> = {};
      for (const [name, { mean, min, max }] of Object.entries(part.metrics)) {
        const value = mean[i];
        this.#names.add(name);
        if (value != null)
          values[name] = { sum: value, n: 1, min: min[i] ?? value, max: max[i] ?? value };
      }
      const half = part.half[i] ?? 0;
      const direction = part.direction[i] ?? "b";
      this.#push({ half, step, direction, rows: 1, values });
    });
  }

  clear(): void {
    this.#points = [];
    this.#stride = 1;
    this.#names.clear();
    this.notFinite.clear();
  }

  part({ reset = false } = {}): HistoryPart {
    const points = this.#points;
    const column = (name: string, of: (merged: Merged) => number) =>
      points.map(({ values }) => (values[name] ? of(values[name]) : null));
    return {
      reset,
      half: points.map(({ half }) => half),
      direction: points.map(({ direction }) => direction),
      step: points.map(({ step }) => step),
      metrics: Object.fromEntries(
        [...this.#names].map((name) => [
          name,
          {
            mean: column(name, ({ sum, n }) => sum / n),
            min: column(name, ({ min }) => min),
            max: column(name, ({ max }) => max),
          },
        ]),
      ),
      notFinite: [...this.notFinite.values()],
    };
  }

  #push(point: Point): void {
    put(this.#points, point, this.#stride);
    if (this.#points.length <= most) return;
    this.#stride *= 2;
    const kept: Point[] = [];
    for (const one of this.#points) put(kept, one, this.#stride);
    this.#points = kept;
  }
}

function put(points: Point[], point: Point, stride: number): void {
  const last = points.at(-1);
  const isSame = last?.half === point.half && last.direction === point.direction;
  if (last && isSame && last.rows + point.rows <= stride)
    points[points.length - 1] = merge(last, point);
  else points.push(point);
}

function merge(a: Point, b: Point): Point {
  const values: Record<string, Merged> = { ...a.values };
  for (const [name, value] of Object.entries(b.values)) {
    const before = values[name];
    values[name] = before
      ? {
          sum: before.sum + value.sum,
          n: before.n + value.n,
          min: Math.min(before.min, value.min),
          max: Math.max(before.max, value.max),
        }
      : value;
  }
  return { ...b, rows: a.rows + b.rows, values };
}
