// As much of Node's streams as tables need: sources are iterables, a transform is fed by `pipeline` and iterated.
type StreamSource = AsyncIterable<Uint8Array> | Iterable<Uint8Array>;
type Done = (error?: Error | null) => void;

/** A stream that changes what is written to it, for a subclass. */
export class Transform {
  readonly #items: unknown[] = [];
  #isEnded = false;
  #error: Error | null = null;
  #wake = () => {};

  /** Changes a part. */
  declare _transform: (part: Uint8Array, encoding: unknown, done: Done) => void;
  /** Ends. */
  declare _flush: (done: Done) => void;

  /** Adds a result; null is the end. */
  push(item: unknown): void {
    if (item === null) this.#isEnded = true;
    else this.#items.push(item);
  }

  /** Nobody listens: errors and the end come with the iteration. */
  on(): this {
    return this;
  }

  /** As `on`. */
  emit(): boolean {
    return false;
  }

  /** Takes no more. */
  end(): void {
    this.#isEnded = true;
    this.#wake();
  }

  /** As `end`; an error ends the iteration with it. */
  destroy(error: Error | null = null): void {
    this.#error ??= error;
    this.end();
  }

  /** Takes all parts of a source; waits while results wait. */
  async feed(source: StreamSource): Promise<void> {
    const work = (use: (done: Done) => void) =>
      new Promise<void>((resolve, reject) => use((error) => (error ? reject(error) : resolve())));
    try {
      for await (const part of source) {
        if (this.#isEnded) return;
        await work((done) => this._transform(part, "buffer", done));
        this.#wake();
        while (this.#items.length > 0 && !this.#isEnded)
          await new Promise((resolve) => void setImmediate(resolve));
      }
      if (!this.#isEnded) await work((done) => this._flush(done));
      this.end();
    } catch (error) {
      this.destroy(error as Error);
      throw error;
    }
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<unknown> {
    for (;;) {
      while (this.#items.length > 0) yield this.#items.shift();
      if (this.#error) throw this.#error;
      if (this.#isEnded) return;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }
}

/** A source through a function of sources. */
export const pipeline = <T>(source: StreamSource, change: (source: StreamSource) => T): T =>
  change(source);

/** As Node's, into a transform. */
export const promises = {
  pipeline: (source: StreamSource, transform: Transform): Promise<void> => transform.feed(source),
};
