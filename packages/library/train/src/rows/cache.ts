// Simulated rows on disk, made anew after a number of steps, a part at a time, so that memory holds one part whatever
// their number. Pairs are a mapped .npy file [npar, 2, …]; every other name of a batch is in a file of its own.
import { createHash } from "node:crypto";
import { createReadStream, existsSync, mkdirSync, renameSync, rmSync } from "node:fs";
import { join, resolve } from "node:path";
import {
  type Batch,
  batchFrom,
  type Decode,
  type End,
  type Endpoints,
  eachEnd,
  gathered,
  namesOf,
  tensorsOf,
} from "@dsbm/bridge";
import { type Generator, io, stack, type Tensor, tidy } from "@dsbm/torch";
import { electWriter, waitForFiles } from "../distributed/elect-writer.js";
import { allOf, type Part, type Ranks } from "../distributed/ranks.js";
import { Order, type OrderState } from "./order.js";
import {
  type Progress,
  type RowSource,
  type SourceState,
  type StreamStates,
  statesOf,
} from "./rows.js";

/** The cache of a problem. */
export interface CacheOptions {
  /** Folder of the files; each cache is removed when the next is made. */
  folder: string;
  /** Rows in a cache. */
  npar: number;
  /** Rows simulated together: bounds the memory. */
  batchSize: number;
  /** Training steps on one cache. */
  refreshStride: number;
  /** Standardise the simulated end per coordinate over the cache. */
  normalize?: boolean;
  /** Online methods take rows from such caches, too, instead of making some in every step (Peluchetti 2024, BM²). */
  online?: boolean;
}

export interface CacheSourceOptions extends CacheOptions {
  /** Prefix of the file's name. */
  name: string;
  data: Endpoints;
  decode: Decode;
  /** Rows of a batch of starts, whose ends are gathered at their first use; draws from `simulate` alone. */
  rows: (batch: Endpoints) => Batch;
  /** The end of pairs that was simulated, which `normalize` standardises. */
  simulated: End;
  /** Rows that one start gives (default 1). */
  rowsPerStart?: number;
  /** Called before each cache is made: the weights as they are then make it. */
  refresh?: (() => void) | null;
  simulate: Generator;
  shuffle: Generator;
  /** The processes that make the rows together; each disk gets the whole cache. */
  ranks: Ranks;
}

interface Saved {
  /** States before and after the cache was made. */
  before: StreamStates;
  after: Uint8Array | null;
  refresh: number;
  sha256: string;
  /** The names of the batch, comma-separated. */
  names: string;
}

const none = -1;
const unmade = (before: StreamStates): Saved => ({
  before,
  after: null,
  refresh: none,
  sha256: "",
  names: "",
});
/** The file of pairs has no suffix. */
const pairs = "";

/** The suffixes of the files of a batch with these names. */
const suffixes = (names: readonly string[]): string[] =>
  names.includes("x0") && names.includes("x1")
    ? [pairs, ...names.filter((name) => name !== "x0" && name !== "x1")]
    : [...names];

/** What is written of a batch, by the suffix of its file. */
function filesOf(batch: Batch): [suffix: string, rows: Tensor][] {
  const names = namesOf(batch);
  const tensors = tensorsOf(batch);
  const of = (name: string) => tensors[names.indexOf(name)] as Tensor;
  return suffixes(names).map((suffix) => [
    suffix,
    suffix === pairs ? stack([of("x0"), of("x1")], { dim: 1 }) : of(suffix),
  ]);
}

export class CacheRows implements RowSource {
  readonly #options: CacheSourceOptions;
  #saved: Saved;
  /** The mapped files by suffix. */
  #rows = new Map<string, Tensor>();
  readonly #order: Order;
  /** Whether this process writes the files; null: not known yet. */
  #isWriter: boolean | null = null;

  constructor(options: CacheSourceOptions) {
    this.#options = options;
    this.#saved = unmade(statesOf(this.#options));
    this.#order = new Order(options.npar, options.shuffle);
  }

  #refreshOf(step: number): number {
    return Math.floor((step - 1) / this.#options.refreshStride);
  }

  get #names(): string[] {
    return this.#saved.names.split(",");
  }

  /** The files of the cache in use. */
  #paths(): string[] {
    const { folder, name } = this.#options;
    const { refresh } = this.#saved;
    return suffixes(this.#names).map((suffix) =>
      join(folder, `${name}_${refresh}${suffix && `_${suffix.replace("given.", "")}`}.npy`),
    );
  }

  #map(): void {
    const keys = suffixes(this.#names);
    this.#paths().forEach((path, i) => {
      this.#rows.set(keys[i] as string, io.mapNpy(path).keep());
    });
  }

  due(step: number): boolean {
    return this.#rows.size === 0 || this.#refreshOf(step) !== this.#saved.refresh;
  }

  async *make(step: number): AsyncGenerator<Progress> {
    this.#unmap();
    this.#removeFiles();
    this.#options.refresh?.();
    this.#saved = unmade(statesOf(this.#options));
    const shuffle = this.#options.shuffle.getState();
    yield* this.#simulate(this.#refreshOf(step), { shuffle, taken: 0 });
  }

  /** Makes the files, which are gone through from `order` on. */
  async *#simulate(refresh: number, order: OrderState): AsyncGenerator<Progress> {
    const { folder, npar, batchSize, data, decode, rows: make, simulate } = this.#options;
    const { rowsPerStart = 1, ranks } = this.#options;
    const temporary = (suffix: string) =>
      join(folder, `.tmp-${process.pid}-${this.#options.name}-${suffix}.npy`);
    onDisk(folder, () => mkdirSync(resolve(folder), { recursive: true }));
    this.#isWriter ??= electWriter(ranks, folder);
    let names: string[] = [];
    const { device } = data.x0;
    const starts = eachEnd((end) => new Order(data[end].size(0), simulate, device));
    const writers = new Map<string, io.npy.NpyWriter>();
    try {
      for (let done = 0; done < npar; ) {
        yield { done, total: npar };
        const most = Math.max(1, Math.floor(batchSize / rowsPerStart));
        const n = Math.min(most, Math.ceil((npar - done) / rowsPerStart));
        const rows = Math.min(n * rowsPerStart, npar - done);
        const raw = tidy((): [string, io.RawArray][] => {
          const drawn = eachEnd((end) => starts[end].through(n).to({ device: data[end].device }));
          // Only the end that runs start from is gathered.
          const own = { decode, generator: simulate };
          const batch = make(gathered(data, (end) => drawn[end], own));
          names = namesOf(batch);
          if (!this.#isWriter) return [];
          return filesOf(batch).map(([suffix, t]) => [suffix, io.toRaw(t.narrow(0, 0, rows))]);
        });
        for (const [suffix, part] of raw) {
          const { dtype, shape } = part;
          const writer =
            writers.get(suffix) ?? new io.npy.NpyWriter(temporary(suffix), dtype, shape.slice(1));
          writers.set(suffix, writer);
          writer.append(part);
        }
        done += rows;
      }
      const after = simulate.getState();
      this.#saved = { ...this.#saved, after, refresh, names: names.join() };
      this.#saved.sha256 = await this.#publish(writers, suffixes(names).map(temporary));
      this.#map();
    } finally {
      starts.x0.dispose();
      starts.x1.dispose();
      for (const writer of writers.values()) writer.close();
      removeAll([...writers.keys()].map(temporary));
    }
    // Before the last yield: a run that stops there has the cache.
    this.#order.restore(order);
    yield { done: npar, total: npar };
  }

  /** Gives finished files their names; the hash of what is in them, the same on all ranks. */
  async #publish(
    writers: ReadonlyMap<string, io.npy.NpyWriter>,
    temporary: readonly string[],
  ): Promise<string> {
    const { normalize, simulated, batchSize, ranks } = this.#options;
    const paths = this.#paths();
    let sha256 = "";
    if (this.#isWriter) {
      for (const writer of writers.values()) writer.close({ sync: true });
      if (normalize && writers.has(pairs))
        normalizeFile(temporary[0] as string, simulated === "x0" ? 0 : 1, batchSize);
      sha256 = await digest(temporary);
      paths.forEach((path, i) => {
        onDisk(path, () => renameSync(temporary[i] as string, path));
      });
    }
    const first = ranks.fromMain(sha256);
    ranks.barrier(); // all writers have written
    await waitForFiles(paths);
    return first;
  }

  batch(n: number, { start, count }: Part = allOf(n)): Batch {
    const index = this.#order.next(n).narrow(0, start, count);
    const { device } = this.#options.data.x0;
    const found = new Map(
      Array.from(this.#rows, ([suffix, file]) => [suffix, file.indexSelect(0, index)]),
    );
    const end = (i: number) => found.get(pairs)?.select(1, i).contiguous();
    const all: Record<string, Tensor | undefined> = { x0: end(0), x1: end(1) };
    const names = this.#names;
    return batchFrom(
      names,
      names.map((name) => (all[name] ?? (found.get(name) as Tensor)).to({ device })),
    );
  }

  peek(n: number): { x0: Tensor; x1: Tensor } | null {
    const rows = this.#rows.get(pairs);
    if (!rows) return null;
    return tidy(() => {
      const some = rows.narrow(0, 0, Math.min(n, rows.size(0)));
      return { x0: some.select(1, 0).clone().keep(), x1: some.select(1, 1).clone().keep() };
    });
  }

  save(): SourceState {
    return { ...this.#saved, order: this.#order.save() };
  }

  async *restore(state: SourceState): AsyncGenerator<Progress> {
    const { simulate, shuffle } = this.#options;
    const { order, ...saved } = state as unknown as Saved & { order: OrderState };
    const { before, after, refresh, sha256, names = "x0,x1" } = saved;
    simulate.setState(before.simulate);
    shuffle.setState(before.shuffle);
    this.#saved = unmade(before);
    if (refresh === none) return;
    this.#saved = { before, after, refresh, sha256, names };
    const paths = this.#paths();
    const whole = paths.every((path) => existsSync(path)) && (await digest(paths)) === sha256;
    if (!this.#options.ranks.any(!whole)) {
      simulate.setState(after as Uint8Array);
      this.#map();
      this.#order.restore(order);
    } else {
      this.#saved = { ...unmade(before), names };
      yield* this.#simulate(refresh, order);
    }
  }

  #unmap(): void {
    for (const rows of this.#rows.values()) rows.dispose();
    this.#rows.clear();
  }

  /** Unmaps the files and leaves them for a run that goes on. */
  dispose(): void {
    this.#unmap();
    this.#order.dispose();
  }

  /** Removes the files of a half-iteration that is done. */
  remove(): void {
    this.dispose();
    this.#removeFiles();
  }

  #removeFiles(): void {
    if (this.#saved.refresh !== none && this.#isWriter !== false) removeAll(this.#paths());
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
  onDisk(path, () => renameSync(temporary, path));
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

/** What the disk refuses is an error that names the file. */
function onDisk(path: string, operation: () => void): void {
  try {
    operation();
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new io.FormatError("Unreadable", path, reason);
  }
}
