// Simulates the next epochs while this epoch trains. Their network does not change in the meantime, and their noise has
// its own stream, so the numbers equal a later simulation.
import {
  type Conditions,
  conditionsAt,
  type Direction,
  type Endpoint,
  type Endpoints,
  type Simulate,
} from "@dsbm/bridge";
import { type ChunkedRun, type Tensor, tidy } from "@dsbm/torch";

type Start = (direction: Direction, x: Tensor, conditions?: Conditions) => ChunkedRun;

interface EarlyRun {
  direction: Direction;
  x: Tensor;
  run: ChunkedRun;
}

/** Keeps simulations begun ahead of their use. */
export class Prefetcher {
  readonly #start: Start;
  #last: Parameters<Start> | null = null;
  readonly #begun: EarlyRun[] = [];

  /** `start` simulates on threads of its own, and draws nothing after it returned. */
  constructor(start: Start) {
    this.#start = start;
  }

  /** The endpoints of the simulation that was begun for these samples, or of a new one. */
  readonly simulate: Simulate = (direction, x, conditions) => {
    this.#last = [direction, x, conditions];
    const [first] = this.#begun;
    if (first && (first.direction !== direction || first.x !== x)) this.stop();
    const begun = this.#begun.shift();
    if (!begun) return tidy(() => this.#start(direction, x, conditions).finish())[0];
    const [ends] = begun.run.finish();
    const copy = ends.detach(); // of the caller's scope
    ends.dispose();
    return copy;
  };

  /** The number of simulations that were begun and are not used yet. */
  get waiting(): number {
    return this.#begun.length;
  }

  /** Simulates `next`, the data of a later epoch, as `data` was simulated last. Returns false if it was not. */
  startSimulations(data: Endpoints, next: Endpoints): boolean {
    if (!this.#last || this.#last[1].disposed) return false;
    const [direction, x, last] = this.#last;
    const end = (["x0", "x1"] as Endpoint[]).find((e) => data[e] === x);
    if (!end) return false;
    const conditions = next === data ? last : conditionsAt(next.conditions, end)?.values;
    const run = this.#start(direction, next[end], conditions);
    for (const t of run.outputs) t.keep();
    this.#begun.push({ direction, x: next[end], run });
    return true;
  }

  /** Ends the simulations that were begun. */
  stop(): void {
    for (const { run } of this.#begun.splice(0)) run.stop();
  }
}
