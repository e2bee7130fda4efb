// The coupling of the reference process itself: where IPF starts.
import { type Generator, randn } from "@dsbm/torch";
import type { Pairs } from "../core/batch.js";
import { conditionsAt } from "../core/conditions.js";
import { type Direction, endOf, other } from "../core/direction.js";
import type { Endpoints } from "../core/endpoints.js";
import { type DrawRows, drawAll } from "../core/random.js";
import type { ReferenceProcess } from "../process/process.js";

/** To train b: (x0, x0 run through the process); to train f: the same from x1. Conditions are those of the data. */
export function reference(
  trained: Direction,
  data: Endpoints,
  process: ReferenceProcess,
  { generator, forRows = drawAll }: { generator: Generator; forRows?: DrawRows },
): Pairs {
  const from = endOf(trained);
  const start = data[from];
  const end = process.endpoint(
    other(trained),
    start,
    forRows(start.size(0), (n) =>
      randn([n, ...start.shape.slice(1)], { generator, device: start.device }),
    ),
  );
  const given = conditionsAt(data.conditions, from)?.values;
  return trained === "b" ? { x0: start, x1: end, given } : { x0: end, x1: start, given };
}
