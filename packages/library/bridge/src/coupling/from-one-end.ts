import { type Generator, randn, type Tensor } from "@dsbm/torch";
import type { Pairs } from "../core/batch.js";
import { type Conditions, conditionsAt } from "../core/conditions.js";
import {
  type Direction,
  type Endpoint,
  oppositeDirection,
  sourceOf,
  targetOf,
} from "../core/direction.js";
import type { Endpoints } from "../core/endpoints.js";
import { onCells, type ReferenceProcess } from "../process/process.js";
import type { Simulate } from "./coupling.js";

function pairsFrom(
  from: Endpoint,
  data: Endpoints,
  make: (start: Tensor, conditions: Conditions | undefined) => Tensor,
): Pairs {
  const start = data[from];
  const conditions = conditionsAt(data.conditions, from)?.values;
  const end = make(start, conditions);
  return from === "x0" ? { x0: start, x1: end, conditions } : { x0: end, x1: start, conditions };
}

/**
 * The coupling of the reference process, where IPF starts: (x0, x0 run through the process) to train b, the same
 * from x1 to train f.
 */
export const reference = (
  trained: Direction,
  data: Endpoints,
  process: ReferenceProcess,
  generator: Generator,
): Pairs =>
  pairsFrom(targetOf(trained), data, (start) =>
    referenceEnd(oppositeDirection(trained), start, process, generator),
  );

/** Endpoints [B, …] of the reference process from x [B, …]. */
export function referenceEnd(
  direction: Direction,
  x: Tensor,
  process: ReferenceProcess,
  generator: Generator,
): Tensor {
  const z = randn(x.shape, { generator, device: x.device });
  return process.endpoint(direction, x, onCells(process, z));
}

/**
 * The coupling of the newest bridge, from the data to where the trained process ends: (x0, X1) after f, (X0, x1)
 * after b.
 */
export const simulatedPairs = (newest: Direction, data: Endpoints, simulate: Simulate): Pairs =>
  pairsFrom(sourceOf(newest), data, (start, conditions) => simulate(newest, start, conditions));
