// The next epoch's runs, begun while this epoch's rows are trained on: their network stands still meanwhile, and they
// draw from a stream of their own, so that the numbers are those of runs made when they are asked for.
import { type ChunkedRun, type Tensor, tidy } from "@dsbm/torch";
import type { Conditions } from "../conditions.js";
import type { Simulate } from "../coupling.js";
import type { Direction } from "../direction.js";

type Start = (direction: Direction, x: Tensor, given?: Conditions) => ChunkedRun;

export class Ahead {
  readonly #start: Start;
  #asked: Parameters<Start> | null = null;
  #begun: ChunkedRun | null = null;

  /** `start` begins runs on threads of their own and draws nothing after it returned. */
  constructor(start: Start) {
    this.#start = start;
  }

  /** The ends of the runs that were begun, where these are the ones that are asked for; otherwise of new ones. */
  readonly simulate: Simulate = (direction, x, given) => {
    if (this.#asked?.[0] !== direction || this.#asked[1] !== x) this.stop();
    this.#asked = [direction, x, given];
    const begun = this.#begun;
    this.#begun = null;
    if (!begun) return tidy(() => this.#start(direction, x, given).finish())[0] as Tensor;
    const [ends] = begun.finish() as [Tensor];
    const own = ends.detach(); // of the caller's scope
    ends.dispose();
    return own;
  };

  /** Begins runs as they were asked for last. */
  begin(): void {
    if (!this.#asked || this.#begun || this.#asked[1].disposed) return;
    this.#begun = this.#start(...this.#asked);
    for (const t of this.#begun.outputs) t.keep();
  }

  /** Ends what was begun. */
  stop(): void {
    this.#begun?.stop();
    this.#begun = null;
  }
}
