// Server-sent events: a stream asks again and again what is new.
import type { Context } from "hono";
import { streamSSE } from "hono/streaming";

const mostStreams = 48;
const beatMs = 15_000;

export class Streams {
  #open = 0;
  #over = false;

  get open(): number {
    return this.#open;
  }

  close(): void {
    this.#over = true;
  }

  /** Sends the events of `news` with their data, every `everyMs`. */
  serve(
    c: Context,
    { everyMs, news }: { everyMs: number; news: () => [event: string, data: unknown][] },
  ): Response {
    if (this.#open >= mostStreams) return c.text("too many pages are open", 503);
    this.#open++;
    return streamSSE(c, async (stream) => {
      let ended = false;
      stream.onAbort(() => {
        ended = true;
      });
      try {
        for (let beat = Date.now(); !ended && !this.#over; ) {
          const started = performance.now();
          for (const [event, data] of news()) {
            await stream.writeSSE({ event, data: JSON.stringify(data) });
            beat = Date.now();
          }
          if (Date.now() - beat > beatMs) {
            await stream.writeSSE({ event: "beat", data: "" });
            beat = Date.now();
          }
          // A large folder is looked at less often: at most a tenth of the time.
          await stream.sleep(Math.max(everyMs, 9 * (performance.now() - started)));
        }
      } finally {
        this.#open--;
      }
    });
  }
}
