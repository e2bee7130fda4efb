// The image trainer's two economies (Shi et al. 2023): the first pass of each direction is trained on
// independent pairs, which cost nothing, and simulated pairs serve several passes over them.
import { type Batch, type Direction, type Method, tensorsOf } from "@dsbm/bridge";
import type { Tensor } from "@dsbm/torch";

/** A method on pairs that keeps what it simulates; `dispose` it after training. */
export interface CachedMethod extends Method {
  dispose(): void;
}

/**
 * The same method with simulated pairs that serve `epochs` epochs, and with each direction's first
 * half-iteration on its first coupling. For one training run: it remembers which directions it has seen.
 */
export function cached(method: Method, { epochs }: { epochs: number }): CachedMethod {
  const begun = new Set<Direction>();
  let direction: Direction | null = null;
  let first = false;
  let rows: Batch = {};
  let served = 0;
  let data: Tensor[] = [];
  const forget = () => {
    for (const row of tensorsOf(rows)) if (!data.includes(row)) row.dispose();
    rows = {};
  };
  return {
    ...method,
    rows(context) {
      const make = (newest: Direction | null) => method.rows?.({ ...context, newest }) ?? {};
      if (context.direction !== direction) {
        forget();
        direction = context.direction;
        first = !begun.has(direction);
        begun.add(direction);
      }
      if (first) return make(null);
      if (tensorsOf(rows).length === 0 || served === epochs) {
        forget();
        data = [context.data.x0, context.data.x1];
        rows = make(context.newest);
        for (const row of tensorsOf(rows)) row.keep();
        served = 0;
      }
      served++;
      return rows;
    },
    dispose: forget,
  };
}
