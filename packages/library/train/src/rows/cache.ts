// Simulated rows on disk, replaced after a number of steps: memory holds one part, whatever the
// number of rows.
import { existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import {
  type Batch,
  batchFrom,
  type Decode,
  type Endpoint,
  type Endpoints,
  eachEndpoint,
  gatherEndpoints,
  namesOf,
} from "@dsbm/bridge";
import { type Generator, io, type Tensor, tidy } from "@dsbm/torch";
import { allRowsOf, type Ranks, type RowRange } from "../distributed/ranks.js";
import {
  type BatchSource,
  type PairProgress,
  type SourceState,
  type StreamStates,
  statesOf,
} from "./batch-source.js";
import { checksumOf, electWriter, RowFiles, waitForFiles } from "./row-files.js";
import { RowOrder, type RowOrderState } from "./row-order.js";

/** How training pairs are cached on disk. */
export interface CacheOptions {
  /** Folder of the files; each cache is removed when the next is made. */
  folder: string;
  /** Rows of a cache. */
  npar: number;
  /** Rows simulated together: bounds the memory. */
  batchSize: number;
  /** Steps after which a new cache is made. */
  refreshStride: number;
  /** Standardise the simulated end per coordinate over the cache. */
  normalize?: boolean;
  /** Online methods take rows from such caches, too, instead of making some in every step (Peluchetti 2024, BM²). */
  online?: boolean;
}

/** Options of `CacheRows`. */
export interface CacheSourceOptions extends CacheOptions {
  /** The beginning of the names of the files. */
  name: string;
  /** Tables of both endpoints. */
  data: Endpoints;
  /** Decodes their rows. */
  decode: Decode;
  /** Makes training rows of samples of both endpoints. */
  rows: (batch: Endpoints) => Batch;
  /** The endpoint that a network simulates. */
  simulated: Endpoint;
  /** Training rows of each simulated path. */
  rowsPerStart: number;
  /** Gives the sampler the present weights before a cache is made; null: it keeps its weights. */
  refresh: (() => void) | null;
  /** The stream of simulations. */
  simulate: Generator;
  /** The stream of the order of rows. */
  shuffle: Generator;
  /** The processes that make the rows together; each disk gets the whole cache. */
  ranks: Ranks;
}

interface SavedCache {
  before: StreamStates;
  after: Uint8Array | null;
  refresh: number;
  sha256: string;
  names: string;
}

const emptyCache = (before: StreamStates): SavedCache => ({
  before,
  after: null,
  refresh: -1,
  sha256: "",
  names: "",
});

/** Batches of rows from a cache on disk, made again every so many steps. */
export class CacheRows implements BatchSource {
  readonly #options: CacheSourceOptions;
  #saved: SavedCache;
  readonly #rows = new Map<string, Tensor>();
  readonly #order: RowOrder;
  /** Whether this process writes the files; null: not known yet. */
  #isWriter: boolean | null = null;

  constructor(options: CacheSourceOptions) {
    this.#options = options;
    this.#saved = emptyCache(statesOf(options));
    this.#order = new RowOrder(options.npar, options.shuffle);
  }

  #refreshOf(step: number): number {
    return Math.floor((step - 1) / this.#options.refreshStride);
  }

  get #names(): string[] {
    return this.#saved.names.split(",");
  }

  #pathOf(name: string, refresh = this.#saved.refresh): string {
    return join(this.#options.folder, `${this.#options.name}_${refresh}_${name}.npy`);
  }

  #paths(): string[] {
    return this.#names.map((name) => this.#pathOf(name));
  }

  #map(): void {
    for (const name of this.#names) this.#rows.set(name, io.mapNpy(this.#pathOf(name)).keep());
  }

  due(step: number): boolean {
    return this.#rows.size === 0 || this.#refreshOf(step) !== this.#saved.refresh;
  }

  async *make(step: number): AsyncGenerator<PairProgress> {
    this.#unmap();
    this.#removeFiles();
    this.#options.refresh?.();
    this.#saved = emptyCache(statesOf(this.#options));
    const shuffle = this.#options.shuffle.getState();
    yield* this.#simulate(this.#refreshOf(step), { shuffle, taken: 0 });
  }

  /** Makes the files; batches take rows from `order` on. */
  async *#simulate(refresh: number, order: RowOrderState): AsyncGenerator<PairProgress> {
    const { npar, batchSize, rowsPerStart, data, simulate } = this.#options;
    this.#isWriter ??= electWriter(this.#options.ranks, this.#options.folder);
    const { device } = data.x0;
    const starts = eachEndpoint((end) => new RowOrder(data[end].size(0), simulate, device));
    const made: SavedCache = { ...this.#saved, refresh };
    using files = new RowFiles((name) => this.#pathOf(name, refresh));
    try {
      for (let done = 0; done < npar; ) {
        yield { done, total: npar };
        const most = Math.max(1, Math.floor(batchSize / rowsPerStart));
        const n = Math.min(most, Math.ceil((npar - done) / rowsPerStart));
        const rows = Math.min(n * rowsPerStart, npar - done);
        tidy(() => {
          const batch = this.#batchOf(starts, n);
          made.names = namesOf(batch).join();
          if (this.#isWriter) files.append(batch, rows);
        });
        done += rows;
      }
      made.after = simulate.getState();
      this.#saved = made;
      made.sha256 = await this.#publish(files);
      this.#map();
    } finally {
      starts.x0.dispose();
      starts.x1.dispose();
    }
    // Before the last yield: a run that stops there has the cache.
    this.#order.restore(order);
    yield { done: npar, total: npar };
  }

  #batchOf(starts: Record<Endpoint, RowOrder>, n: number): Batch {
    const { data, decode, rows, simulate: generator } = this.#options;
    const drawn = eachEndpoint((end) => starts[end].through(n).to({ device: data[end].device }));
    return rows(gatherEndpoints(data, (end) => drawn[end], { decode, generator }));
  }

  async #publish(files: RowFiles): Promise<string> {
    const { normalize, simulated, batchSize, ranks } = this.#options;
    if (this.#isWriter) {
      if (normalize && this.#names.includes(simulated)) files.normalize(simulated, batchSize);
      files.commit();
    }
    const paths = this.#paths();
    const checksum = ranks.fromMain(ranks.isMain ? checksumOf(paths) : "");
    ranks.fromAll("written");
    await waitForFiles(paths);
    return checksum;
  }

  batch(n: number, { start, count }: RowRange = allRowsOf(n)): Batch {
    const index = this.#order.next(n).narrow(0, start, count);
    const { device } = this.#options.data.x0;
    const rows = [...this.#rows.values()].map((t) => t.indexSelect(0, index).to({ device }));
    return batchFrom([...this.#rows.keys()], rows);
  }

  save(): SourceState {
    return { ...this.#saved, order: this.#order.save() };
  }

  async *restore(state: SourceState): AsyncGenerator<PairProgress> {
    const { simulate, shuffle, ranks } = this.#options;
    const { order, ...saved } = state as unknown as SavedCache & { order: RowOrderState };
    simulate.setState(saved.before.simulate);
    shuffle.setState(saved.before.shuffle);
    this.#saved = emptyCache(saved.before);
    if (saved.refresh < 0) return;
    this.#saved = saved;
    const paths = this.#paths();
    const isWhole = paths.every((path) => existsSync(path)) && checksumOf(paths) === saved.sha256;
    if (ranks.fromAll(isWhole).includes(false)) {
      this.#saved = emptyCache(saved.before);
      yield* this.#simulate(saved.refresh, order);
      return;
    }
    simulate.setState(saved.after!);
    this.#map();
    this.#order.restore(order);
  }

  #unmap(): void {
    for (const rows of this.#rows.values()) rows.dispose();
    this.#rows.clear();
  }

  /** Unmaps the files and leaves them for a run that continues. */
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
    if (this.#saved.refresh < 0 || this.#isWriter === false) return;
    for (const path of this.#paths()) rmSync(path, { force: true });
  }
}
