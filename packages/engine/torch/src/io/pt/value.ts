// The values of a checkpoint: a pickle can share parts, contain itself or expand to more than fits into memory, so it
// is expanded into a tree with limits on size and depth.
import { FormatError } from "../errors.js";
import { isInternal } from "./globals.js";
import type { PtLimits } from "./limits.js";
import { TensorReference } from "./references.js";

/** A key of a dictionary. */
export type PtKey = string | number | bigint | boolean;

/**
 * A value in a checkpoint, T being a tensor: dictionaries are Maps, lists, tuples and torch.Size arrays,
 * whole numbers beyond 2^53 bigints, None null; a dtype is "torch.float32", a device "cpu" or "cuda:0".
 */
export type PtValue<T> =
  | null
  | boolean
  | number
  | bigint
  | string
  | T
  | PtValue<T>[]
  | Map<PtKey, PtValue<T>>;

/**
 * Expands what a pickle describes into a tree; a tensor that occurs twice is made once.
 *
 * Throws `OutOfRange` beyond `maxValues` or `maxDepth` (a value that contains itself among them), and
 * `InvalidValue` for classes and storages in the place of values.
 */
export function unfold<T>(
  root: unknown,
  makeTensor: (reference: TensorReference) => T,
  { maxValues, maxDepth }: Required<PtLimits>,
  source: string,
): PtValue<T> {
  const made = new Map<TensorReference, T>();
  let left = maxValues;
  const visit = (value: unknown, depth: number): PtValue<T> => {
    if (left-- <= 0 || depth > maxDepth) {
      const problem =
        depth > maxDepth
          ? `nests deeper than ${maxDepth} levels, or contains itself`
          : `describes more than ${maxValues} values`;
      throw new FormatError("OutOfRange", source, `${problem}: expected a checkpoint`);
    }
    if (value instanceof TensorReference) {
      const tensor = made.has(value) ? (made.get(value) as T) : makeTensor(value);
      made.set(value, tensor);
      return tensor;
    }
    if (Array.isArray(value)) return value.map((item) => visit(item, depth + 1));
    if (value instanceof Map) {
      const map = new Map<PtKey, PtValue<T>>();
      for (const [key, item] of value) map.set(key as PtKey, visit(item, depth + 1));
      return map;
    }
    if (isInternal(value)) {
      const problem = "holds a class or a bare storage where a value should be: save tensors only";
      throw new FormatError("InvalidValue", source, problem);
    }
    return value as null | boolean | number | bigint | string;
  };
  return visit(root, 0);
}
