// The coupling of the reference process itself: where IPF starts.
import { type Generator, randn } from "@dsbm/torch";
import type { Pairs } from "../coupling.js";
import type { Endpoints } from "../dataset.js";
import { type Direction, other } from "../direction.js";
import type { ReferenceProcess } from "../process.js";

/** To train b: (x0, x0 run through the process); to train f: the same from x1. */
export function reference(
  trained: Direction,
  { x0, x1 }: Endpoints,
  process: ReferenceProcess,
  generator: Generator,
): Pairs {
  const start = trained === "b" ? x0 : x1;
  const end = process.endpoint(
    other(trained),
    start,
    randn(start.shape, { generator, device: start.device }),
  );
  return trained === "b" ? { x0: start, x1: end } : { x0: end, x1: start };
}
