// One pass over the rows of a file for all of its datasets, such as the days of a time course.
import { openRows } from "../open.js";
import type {
  ReadingWatch,
  ReadOptions,
  RowBatch,
  RowRequest,
  RowSource,
  RowStart,
} from "../row-source.js";

/** A reading that waits for its next batch. */
interface WaitingReader {
  source: RowSource;
  request: RowRequest;
  resolve(batch: RowBatch | null): void;
  reject(error: unknown): void;
}

/**
 * A file that `members` preparations read together: a batch is read once all of them wait for it. After the last
 * batch they end one by one.
 */
export class SharedRows {
  #source: Promise<RowSource> | null = null;
  #batches: AsyncGenerator<RowBatch> | null = null;
  #names: { numbers: readonly string[]; texts: readonly string[] } = { numbers: [], texts: [] };
  #waiting: WaitingReader[] = [];
  #isReading = false;
  #hasEnded = false;

  constructor(private members: number) {}

  /**
   * Opens the file once; its columns may be read before the rows are shared.
   * @throws as openRows.
   */
  open(path: string, options: ReadOptions): Promise<RowSource> {
    this.#source ??= openRows(path, options).then((source) => {
      let counts: ReturnType<NonNullable<RowSource["variability"]>> | undefined;
      const variability =
        source.variability && ((watch?: ReadingWatch) => (counts ??= source.variability!(watch)));
      return { ...source, ...(variability && { variability }) };
    });
    return this.#source;
  }

  /** The table whose batches all members read together. */
  share(source: RowSource): RowSource {
    return { ...source, batches: (request) => this.#batchesOf(source, request) };
  }

  async *#batchesOf(source: RowSource, request: RowRequest): AsyncGenerator<RowBatch> {
    for (;;) {
      const batch = await new Promise<RowBatch | null>((resolve, reject) => {
        this.#waiting.push({ source, request, resolve, reject });
        void this.#advance();
      });
      if (batch === null) return;
      yield batch;
    }
  }

  /** Ends the work of a member, and closes the file after the last one; members that still read fail with its error. */
  async leave(error?: unknown): Promise<void> {
    this.members -= 1;
    if (error !== undefined && !this.#hasEnded) this.#refuse(error);
    if (this.members > 0) return this.#advance();
    (await this.#source?.catch(() => null))?.close();
  }

  #refuse(error: unknown): void {
    for (const reader of this.#waiting.splice(0)) reader.reject(error);
  }

  async #advance(): Promise<void> {
    const isReady = this.#waiting.length > 0 && this.#waiting.length >= this.members;
    if (this.#isReading || !isReady) return;
    this.#isReading = true;
    try {
      let isServed = this.#hasEnded;
      while (!isServed && !this.#hasEnded) isServed = this.#serve(await this.#next());
      if (this.#hasEnded) this.#waiting.shift()?.resolve(null);
    } catch (error) {
      this.#refuse(error);
    } finally {
      this.#isReading = false;
    }
  }

  async #next(): Promise<RowBatch | null> {
    if (!this.#batches) {
      const requests = this.#waiting.map(({ request }) => request);
      const unionOf = (names: (request: RowRequest) => readonly string[] | undefined) => [
        ...new Set(requests.flatMap((request) => names(request) ?? [])),
      ];
      this.#names = {
        numbers: unionOf(({ numbers }) => numbers),
        texts: unionOf(({ texts }) => texts),
      };
      const from = earliest(requests);
      this.#batches = this.#waiting[0].source.batches({
        ...this.#names,
        from,
        signal: requests[0].signal,
      });
    }
    const { value, done } = await this.#batches.next();
    this.#hasEnded = done === true;
    return value ?? null;
  }

  /** Gives a batch to all readers that have not read it; returns whether there are any. */
  #serve(batch: RowBatch | null): boolean {
    if (!batch) return false;
    const readers = this.#waiting.splice(0);
    for (const reader of readers) {
      const rows = this.#rowsOf(batch, reader.request);
      if (rows) reader.resolve(rows);
      else this.#waiting.push(reader);
    }
    return this.#waiting.length < readers.length;
  }

  /** The columns of a request in the rows from its start on; null without such rows. */
  #rowsOf(batch: RowBatch, { numbers = [], texts = [], from }: RowRequest): RowBatch | null {
    const skipped = Math.max((from?.row ?? 0) - batch.first, 0);
    if (skipped >= batch.count) return null;
    const { numbers: allNumbers, texts: allTexts } = this.#names;
    return {
      ...batch,
      first: batch.first + skipped,
      count: batch.count - skipped,
      numbers: columnsOf(numbers, allNumbers, (k) => batch.numbers[k].subarray(skipped)),
      texts: columnsOf(texts, allTexts, (k) => batch.texts[k].slice(skipped)),
    };
  }
}

function columnsOf<Column>(
  names: readonly string[],
  all: readonly string[],
  columnAt: (k: number) => Column,
): Column[] {
  const places = new Map(all.map((name, k) => [name, k]));
  return names.map((name) => columnAt(places.get(name) as number));
}

/** The first of the rows at which readings begin; undefined: the first row of the file. */
const earliest = (requests: readonly RowRequest[]): RowStart | undefined =>
  requests.map(({ from }) => from).reduce((a, b) => (a && b ? (b.row < a.row ? b : a) : undefined));
