// Takes whole lines as they arrive.
import { readSync } from "node:fs";
import { StringDecoder } from "node:string_decoder";
import type { Folder } from "../files/inside.js";
import type { HistoryPart } from "../shared/api.js";
import { isRecord } from "./files.js";

const block = 1 << 20;
const longestLine = 64 << 10;

/** Reads metrics.jsonl from where the last reading ended. */
export class MetricsTail {
  readonly #folder: Folder;
  readonly #path: string;
  #at = 0;
  #file = "";
  #rest = "";
  #history = new History();
  #decoder = new StringDecoder("utf8");

  constructor(folder: Folder, path: string) {
    this.#folder = folder;
    this.#path = path;
  }

  /** The curves of all rows so far. */
  read(): HistoryPart {
    if (this.#folder.stat(this.#path)?.isFile()) this.#readOn();
    else this.#startOver();
    return this.#history.part();
  }

  #readOn(): void {
    this.#folder.open(this.#path, (fd, { ino, dev, size }) => {
      const file = `${dev} ${ino}`;
      if (file !== this.#file || size < this.#at) this.#startOver();
      this.#file = file;
      const buffer = Buffer.allocUnsafe(Math.min(block, Math.max(1, size - this.#at)));
      while (this.#at < size) {
        const count = readSync(fd, buffer, 0, Math.min(buffer.length, size - this.#at), this.#at);
        if (count === 0) break;
        this.#at += count;
        this.#take(this.#decoder.write(buffer.subarray(0, count)));
      }
    });
  }

  #take(text: string): void {
    const lines = (this.#rest + text).split("\n");
    const rest = lines.pop() ?? "";
    this.#rest = rest.length > longestLine ? "" : rest;
    for (const line of lines) {
      try {
        const row: unknown = line.length > longestLine ? null : JSON.parse(line);
        if (isRecord(row)) this.#history.add(row);
      } catch {
        // A damaged line; the rest of the file is still worth showing.
      }
    }
  }

  #startOver(): void {
    this.#at = 0;
    this.#rest = "";
    this.#history = new History();
    this.#decoder = new StringDecoder("utf8");
  }
}

const mostPoints = 2000;
const mostMetrics = 24;

interface Point {
  half: number;
  direction: string;
  step: number;
  rows: number;
  values: Record<string, { sum: number; n: number }>;
}

const places = new Set(["half_iteration", "direction", "step"]);

/** Metrics of training steps, thinned to a bounded number of points. */
export class History {
  #points: Point[] = [];
  #stride = 1;
  readonly #names = new Set<string>();
  readonly #notFinite = new Map<string, HistoryPart["notFinite"][number]>();

  /** Adds a row of metrics.jsonl; one without half-iteration and step is passed over. */
  add(row: Record<string, unknown>): void {
    const { half_iteration: half, step, direction } = row;
    if (typeof half !== "number" || typeof step !== "number") return;
    const values: Point["values"] = {};
    for (const [name, value] of Object.entries(row)) {
      if (places.has(name)) continue;
      if (!this.#names.has(name) && this.#names.size >= mostMetrics) continue;
      if (typeof value === "number" && Number.isFinite(value)) {
        this.#names.add(name);
        values[name] = { sum: value, n: 1 };
      } else if (["NaN", "Infinity", "-Infinity"].includes(String(value))) {
        this.#names.add(name);
        if (!this.#notFinite.has(name))
          this.#notFinite.set(name, { metric: name, value: String(value), half, step });
      }
    }
    putPoint(
      this.#points,
      { half, step, direction: direction === "f" ? "f" : "b", rows: 1, values },
      this.#stride,
    );
    if (this.#points.length <= mostPoints) return;
    this.#stride *= 2;
    const kept: Point[] = [];
    for (const one of this.#points) putPoint(kept, one, this.#stride);
    this.#points = kept;
  }

  /** The points so far, as columns. */
  part(): HistoryPart {
    const points = this.#points;
    const column = (name: string) =>
      points.map(({ values }) => (values[name] ? values[name].sum / values[name].n : null));
    return {
      half: points.map(({ half }) => half),
      direction: points.map(({ direction }) => direction),
      step: points.map(({ step }) => step),
      metrics: Object.fromEntries([...this.#names].map((name) => [name, column(name)])),
      notFinite: [...this.#notFinite.values()],
    };
  }
}

function putPoint(points: Point[], point: Point, stride: number): void {
  const last = points.at(-1);
  const isSame = last?.half === point.half && last.direction === point.direction;
  if (last && isSame && last.rows + point.rows <= stride)
    points[points.length - 1] = merge(last, point);
  else points.push(point);
}

function merge(a: Point, b: Point): Point {
  const values = { ...a.values };
  for (const [name, { sum, n }] of Object.entries(b.values)) {
    const before = values[name] ?? { sum: 0, n: 0 };
    values[name] = { sum: before.sum + sum, n: before.n + n };
  }
  return { ...b, rows: a.rows + b.rows, values };
}
