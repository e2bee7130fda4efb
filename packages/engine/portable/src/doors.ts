import { fail } from "./errors.js";
import { unbox } from "./handles.js";
import { Mersenne } from "./kernel/mersenne.js";
import type { External } from "./native.js";
import { type Doors, toList } from "./schema.js";
import type { TensorImpl } from "./tensor.js";

/** An object as JavaScript holds it. */
export const external = (value: object): External => value as unknown as External;

/**
 * The object behind a handle.
 * @throws {TorchError} `ERR_TORCH_TYPE` for another kind.
 */
export function contentOf<T extends object>(
  value: unknown,
  Kind: new (...args: never[]) => T,
  what: string,
  expectation: string,
): T {
  if (value instanceof Kind) return value;
  return fail("ERR_TORCH_TYPE", `${what}: expected ${expectation}`);
}

/** How arguments of operations are opened. */
export const doors: Doors = {
  tensor(value, what) {
    const t = unbox(value, what);
    if (t.isMeta)
      fail("ERR_TORCH_NOT_IMPLEMENTED", `${what}: a tensor of the device meta needs libtorch`);
    return t;
  },
  generator: (value, what) => contentOf(value, Mersenne, what, "a generator"),
};
/**
 * The tensors of a list of handles.
 * @throws {TorchError} `ERR_TORCH_TYPE`, `ERR_TORCH_DISPOSED`
 */
export const tensorsOf = (value: unknown, what: string): TensorImpl[] =>
  toList(value, what, (element) => unbox(element, what));
