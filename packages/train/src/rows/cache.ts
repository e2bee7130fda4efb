// Simulated pairs on disk: a mapped .npy file [npar, 2, …], and one for each condition, made anew every so many
// steps, a part at a time, so that memory holds one part whatever the number of pairs.
import { createHash } from "node:crypto";
import { createReadStream, existsSync, mkdirSync, renameSync, rmSync } from "node:fs";
import { join, resolve } from "node:path";
import { type Decode, type End, type Endpoints, gathered } from "@dsbm/bridge";
import { type Generator, io, stack, type Tensor, tidy } from "@dsbm/torch";
import { electWriter, waitForFiles } from "../distributed/elect-writer.js";
import type { Part, Ranks } from "../distributed/ranks.js";
import { kept } from "../simulator.js";
import { Order, type OrderState } from "./order.js";
import { allOf, type RowSource, type SourceState } from "./rows.js";

/** The cache of a problem. */
export interface CacheOptions {
  /** Folder of the files; the cache before is removed when the next is made. */
  folder: string;
  /** Pairs in a cache. */
  npar: number;
  /** Rows simulated together: bounds the memory. */
  batchSize: number;
  /** Training steps on one cache. */
  refreshStride: number;
  /** Standardise the simulated end per coordinate over the cache. */
  normalize?: boolean;
}

export interface CacheSourceOptions extends CacheOptions {
  /** Prefix of the file's name. */
  name: string;
  data: Endpoints;
  decode: Decode;
  /** Rows of a batch of starts, whose ends are gathered when asked for; draws from `simulate` alone. */
  pairs: (batch: Endpoints) => Tensor[];
  /** Which of the two was simulated. */
  simulated: 0 | 1;
  /** Rows that one start gives (default 1). */
  rowsPerStart?: number;
  /** Names of what the rows carry behind the pairs, each in a file of its own. */
  beside?: readonly string[];
  simulate: Generator;
  shuffle: Generator;
  /** The processes that make the pairs together; each disk gets the whole cache. */
  ranks?: Ranks | null;
}

interface Saved {
  /** States before and after the cache was made. */
  before: { simulate: Uint8Array; shuffle: Uint8Array };
  after: Uint8Array | null;
  refresh: number;
  sha256: string;
}

const none = -1;

export class CacheRows implements RowSource {
  readonly #options: CacheSourceOptions;
  #saved: Saved;
  /** The mapped files, the pairs first. */
  #rows: Tensor[] = [];
  readonly #order: Order;
  /** Whether this process writes the files; null: not known yet. */
  #keeps: boolean | null = null;

  constructor(options: CacheSourceOptions) {
    this.#options = options;
    this.#saved = { before: this.#states(), after: null, refresh: none, sha256: "" };
    this.#order = new Order(options.npar, options.shuffle);
  }

  #states() {
    const { simulate, shuffle } = this.#options;
    return { simulate: simulate.getState(), shuffle: shuffle.getState() };
  }

  #refreshOf(step: number): number {
    return Math.floor((step - 1) / this.#options.refreshStride);
  }

  /** The files of a cache, the pairs first. */
  #paths(refresh: number): string[] {
    const { folder, name, beside = [] } = this.#options;
    return ["", ...beside.map((what) => `_${what}`)].map((what) =>
      join(folder, `${name}_${refresh}${what}.npy`),
    );
  }

  due(step: number): boolean {
    return this.#rows.length === 0 || this.#refreshOf(step) !== this.#saved.refresh;
  }

  async *make(step: number): AsyncGenerator<{ done: number; total: number }> {
    const old = this.#saved.refresh;
    this.#unmap();
    this.#saved = { before: this.#states(), after: null, refresh: none, sha256: "" };
    if (old !== none) this.#remove(old);
    yield* this.#simulate(this.#refreshOf(step));
    // Before the last word: who leaves there has the cache, and goes through it from the beginning.
    this.#order.restore({ shuffle: this.#options.shuffle.getState(), taken: 0 });
    yield { done: this.#options.npar, total: this.#options.npar };
  }

  async *#simulate(refresh: number): AsyncGenerator<{ done: number; total: number }> {
    const { folder, npar, batchSize, data, decode, pairs, simulate } = this.#options;
    const { rowsPerStart = 1, ranks } = this.#options;
    const paths = this.#paths(refresh);
    const temporary = paths.map((_, i) =>
      join(folder, `.tmp-${process.pid}-${this.#options.name}-${i}.npy`),
    );
    mkdirSync(resolve(folder), { recursive: true });
    this.#keeps ??= ranks ? electWriter(ranks, folder) : true;
    const { device } = data.x0;
    const starts = {
      x0: new Order(data.x0.size(0), simulate, device),
      x1: new Order(data.x1.size(0), simulate, device),
    };
    const writers: io.npy.NpyWriter[] = [];
    try {
      for (let done = 0; done < npar; ) {
        yield { done, total: npar };
        const most = Math.max(1, Math.floor(batchSize / rowsPerStart));
        const n = Math.min(most, Math.ceil((npar - done) / rowsPerStart));
        const rows = Math.min(n * rowsPerStart, npar - done);
        const raw = tidy((): io.RawArray[] => {
          const drawn: Partial<Record<End, Tensor>> = {};
          const index = (end: End) => {
            drawn[end] ??= starts[end].through(n).to({ device: data[end].device });
            return drawn[end];
          };
          // Only the end that runs are started from is asked for.
          const [x0, x1, ...beside] = pairs(gathered(data, index, { decode, generator: simulate }));
          if (!this.#keeps) return [];
          const ends = stack([x0 as Tensor, x1 as Tensor], { dim: 1 });
          return [ends, ...beside].map((t) => io.toRaw(t.narrow(0, 0, rows)));
        });
        raw.forEach((part, i) => {
          writers[i] ??= new io.npy.NpyWriter(
            temporary[i] as string,
            part.dtype,
            part.shape.slice(1),
          );
          writers[i].append(part);
        });
        done += rows;
      }
      const sha256 = await this.#publish({ writers, temporary, paths });
      this.#saved = { ...this.#saved, after: simulate.getState(), refresh, sha256 };
      this.#rows = paths.map((path) => io.mapNpy(path).keep());
    } finally {
      starts.x0.dispose();
      starts.x1.dispose();
      for (const writer of writers) writer.close();
      removeAll(temporary);
    }
  }

  /** Gives finished files their names; the hash of what is in them, the same on all ranks. */
  async #publish({
    writers,
    temporary,
    paths,
  }: Record<"temporary" | "paths", string[]> & { writers: io.npy.NpyWriter[] }): Promise<string> {
    const { normalize, simulated, batchSize, ranks } = this.#options;
    let sha256 = "";
    if (this.#keeps) {
      for (const writer of writers) writer.close({ sync: true });
      if (normalize) normalizeFile(temporary[0] as string, simulated, batchSize);
      sha256 = await digest(temporary);
      paths.forEach((path, i) => {
        renameSync(temporary[i] as string, path);
      });
    }
    if (!ranks) return sha256;
    const first = ranks.same(sha256);
    ranks.control.barrier(); // all who write have written
    await waitForFiles(paths);
    return first;
  }

  batch(n: number, { start, count }: Part = allOf(n)): Tensor[] {
    const index = this.#order.next(n).narrow(0, start, count);
    const [pairs, ...beside] = this.#rows.map((file) => file.indexSelect(0, index));
    const { device } = this.#options.data.x0;
    const ends = [0, 1].map((end) => (pairs as Tensor).select(1, end).contiguous());
    return [...ends, ...beside].map((t) => t.to({ device }));
  }

  /** The first rows of the file as they are, kept out of scopes; null before there is one. */
  peek(n: number): Tensor[] | null {
    const [rows] = this.#rows;
    if (!rows) return null;
    return kept(() => {
      const some = rows.narrow(0, 0, Math.min(n, rows.size(0)));
      return [0, 1].map((end) => some.select(1, end).clone());
    });
  }

  save(): SourceState {
    const { before, after, refresh, sha256 } = this.#saved;
    return { before, after, refresh, sha256, order: { ...this.#order.save() } };
  }

  async *restore(state: SourceState): AsyncGenerator<{ done: number; total: number }> {
    const { simulate, shuffle } = this.#options;
    const { before, after, refresh, sha256, order } = state as unknown as Saved & {
      order: OrderState;
    };
    simulate.setState(before.simulate);
    shuffle.setState(before.shuffle);
    this.#saved = { before, after: null, refresh: none, sha256: "" };
    if (refresh === none) return;
    const paths = this.#paths(refresh);
    const { ranks } = this.#options;
    const whole = paths.every((path) => existsSync(path)) && (await digest(paths)) === sha256;
    if (ranks ? !ranks.any(!whole) : whole) {
      simulate.setState(after as Uint8Array);
      this.#saved = { before, after, refresh, sha256 };
      this.#rows = paths.map((path) => io.mapNpy(path).keep());
      this.#order.restore(order);
    } else {
      yield* this.#simulate(refresh);
      this.#order.restore(order);
      yield { done: this.#options.npar, total: this.#options.npar };
    }
  }

  #unmap(): void {
    for (const rows of this.#rows) rows.dispose();
    this.#rows = [];
  }

  /** Unmaps the files and leaves it for a run that goes on. */
  dispose(): void {
    this.#unmap();
    this.#order.dispose();
  }

  /** Removes the files of a half-iteration that is done. */
  remove(): void {
    this.dispose();
    if (this.#saved.refresh !== none) this.#remove(this.#saved.refresh);
  }

  #remove(refresh: number): void {
    if (this.#keeps !== false) removeAll(this.#paths(refresh));
  }
}

/** Standardises one of the two ends of a cache per coordinate, a part at a time. */
function normalizeFile(path: string, end: 0 | 1, rows: number): void {
  const temporary = `${path}.normalized`;
  tidy(() => {
    const x = io.mapNpy(path);
    const n = x.size(0);
    const parts = Array.from({ length: Math.ceil(n / rows) }, (_, i) =>
      x.narrow(0, i * rows, Math.min(rows, n - i * rows)),
    );
    const total = (of: (part: Tensor) => Tensor) =>
      parts
        .map((part) => tidy(() => of(part.select(1, end).to("float64")).sum([0])))
        .reduce((a, b) => a.add(b));
    const mean = total((part) => part).div(n);
    const variance = total((part) => part.sub(mean).square()).div(Math.max(n - 1, 1));
    const std = variance.sqrt().clamp({ min: 1e-6 });
    using writer = new io.npy.NpyWriter(temporary, x.dtype as "float32", x.shape.slice(1));
    for (const part of parts)
      tidy(() => {
        const ends = [part.select(1, 0), part.select(1, 1)] as [Tensor, Tensor];
        ends[end] = ends[end].to("float64").sub(mean).div(std).to(part.dtype);
        writer.append(io.toRaw(stack(ends, { dim: 1 })));
      });
    writer.close({ sync: true });
  });
  renameSync(temporary, path);
}

const removeAll = (paths: readonly string[]) => {
  for (const path of paths) rmSync(path, { force: true });
};

/** Of the contents of files, one after the other. */
async function digest(paths: readonly string[]): Promise<string> {
  const hash = createHash("sha256");
  for (const path of paths)
    for await (const chunk of createReadStream(path)) hash.update(chunk as Uint8Array);
  return hash.digest("hex");
}
