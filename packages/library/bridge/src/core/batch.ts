// Training rows by name; recorded programs see them as a list, whose order only these functions know.
import { cat, type Device, type Recorded, recordCalls, type Tensor, tensor } from "@dsbm/torch";
import { type Conditions, conditionRows, kindsOf, mapConditions } from "./conditions.js";

/** Tensors [n, …] of one length by name, and their conditions. */
export interface Batch {
  /** Conditions of the rows. */
  readonly conditions?: Conditions | undefined;
  readonly [name: string]: Tensor | Conditions | undefined;
}

/** Pairs of source and target, row by row. */
export interface Pairs extends Batch {
  /** Source samples [n, …]. */
  readonly x0: Tensor;
  /** Target samples [n, …]. */
  readonly x1: Tensor;
  /** Marks known pairs of a first pass, float32 [n] of 0 and 1; networks do not see it. */
  readonly known?: Tensor | undefined;
  /** Second derivatives in the interval's clock of a cubic path at x0 and x1, [n, …]; none: straight paths. */
  readonly bend0?: Tensor | undefined;
  /** As `bend0`, at x1. */
  readonly bend1?: Tensor | undefined;
}

/** Row caches of all versions have this prefix. */
const prefix = "given.";

const tensorNames = (batch: Batch): string[] =>
  Object.keys(batch).filter((name) => name !== "conditions" && batch[name] !== undefined);

/** The names of a batch's tensors; conditions come last, as `given.y`. */
export function namesOf(batch: Batch): string[] {
  return [...tensorNames(batch), ...kindsOf(batch.conditions).map((kind) => prefix + kind)];
}

/** All tensors [B, …] of a batch, conditions last. */
export function tensorsOf(batch: Batch): Tensor[] {
  return [
    ...tensorNames(batch).map((name) => batch[name] as Tensor),
    ...conditionRows(batch.conditions),
  ];
}

/** The inverse of `namesOf` and `tensorsOf`: a batch from names and tensors [B, …] of one order. */
export function batchFrom(names: readonly string[], tensors: readonly Tensor[]): Batch {
  const rows: Record<string, Tensor> = {};
  const conditions: Record<string, Tensor> = {};
  names.forEach((name, i) => {
    const [to, key] = name.startsWith(prefix)
      ? [conditions, name.slice(prefix.length)]
      : [rows, name];
    to[key] = tensors[i];
  });
  return Object.keys(conditions).length > 0
    ? Object.assign(rows, { conditions: conditions as Conditions })
    : rows;
}

/** Applies a function to every tensor [B, …] of a batch, conditions included. */
export function mapBatch<B extends Batch>(batch: B, fn: (t: Tensor) => Tensor): B {
  const rows = tensorNames(batch).map((name) => [name, fn(batch[name] as Tensor)]);
  const conditions = batch.conditions && { conditions: mapConditions(batch.conditions, fn) };
  return { ...Object.fromEntries(rows), ...conditions } as B;
}

/** Places of rows as an index, int64 [n]. */
export const rowIndex = (places: readonly number[] | Int32Array, device: Device = "cpu"): Tensor =>
  tensor(BigInt64Array.from(places, BigInt), { device });

/** The rows of a batch at `places`, in this order. */
export function pickRows<B extends Batch>(batch: B, places: readonly number[]): B {
  const index = rowIndex(places, tensorsOf(batch)[0]?.device);
  return mapBatch(batch, (t) => t.indexSelect(0, index));
}

/** The rows of batches with the same names, one batch after the other. */
export function joinBatches<B extends Batch>(batches: readonly [B, ...B[]]): B {
  const lists = batches.map(tensorsOf);
  const names = namesOf(batches[0]);
  return batchFrom(
    names,
    names.map((_, i) => cat(lists.map((list) => list[i]))),
  ) as B;
}

/** The number of rows of a batch. */
export function countRows(batch: Batch): number {
  return tensorsOf(batch)[0]?.size(0) ?? 0;
}

/** A recorded function of batches. */
export interface RecordedBatch {
  (batch: Batch, ...rest: Tensor[]): Tensor[];
  /** The program for batches of these names: of their tensors, then the further ones. */
  program(names: readonly string[]): Recorded;
  /** The number of recorded programs. */
  count(): number;
}

/** Records `fn` once for each list of names (and for each shape, as `recordCalls` does). */
export function recordedBatch(
  fn: (batch: Batch, ...rest: Tensor[]) => Tensor | readonly Tensor[],
  options: Parameters<typeof recordCalls>[1] = {},
): RecordedBatch {
  const programs = new Map<string, Recorded>();
  const program = (names: readonly string[]): Recorded => {
    const key = names.join();
    let program = programs.get(key);
    if (!program) {
      program = recordCalls(
        (...all) => fn(batchFrom(names, all), ...all.slice(names.length)),
        options,
      );
      programs.set(key, program);
    }
    return program;
  };
  const run = (batch: Batch, ...rest: Tensor[]) =>
    program(namesOf(batch))(...tensorsOf(batch), ...rest);
  const count = () => [...programs.values()].reduce((sum, program) => sum + program.count(), 0);
  return Object.assign(run, { program, count });
}
