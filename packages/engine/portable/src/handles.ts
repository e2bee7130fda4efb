// What JavaScript holds of tensors: boxes with a scope, counted while they are full.
import { fail } from "./errors.js";
import type { External } from "./native.js";
import { describe } from "./schema.js";
import { addHandle, removeHandle } from "./storage.js";
import type { TensorImpl } from "./tensor.js";

/** A box that JavaScript holds for a tensor. */
export class TensorBox {
  /** The scope that drops it. */
  scope: Set<TensorBox> | null = null;
  /** The tensor, or null once disposed of. */
  impl: TensorImpl | null;
  /** Shared with the registry, which must not hold the box. */
  readonly life: { impl: TensorImpl | null };
  constructor(impl: TensorImpl) {
    this.impl = impl;
    this.life = { impl };
  }
}

/** TensorList with a box. */
export const counts: { live: number } = { live: 0 };
const scopes: Set<TensorBox>[] = [];

/** What the collector takes is no longer counted. */
const boxRegistry = new FinalizationRegistry<TensorBox["life"]>((life) => {
  if (!life.impl) return;
  counts.live--;
  removeHandle(life.impl.storage);
});

/** What a recording does with tensors that come from JavaScript. */
export const door: { note(t: TensorImpl): void } = { note: () => {} };

/** A new box. */
export function box(t: TensorImpl): External {
  const made = new TensorBox(t);
  counts.live++;
  addHandle(t.storage);
  const scope = scopes.at(-1);
  if (scope) {
    made.scope = scope;
    scope.add(made);
  }
  boxRegistry.register(made, made.life);
  return made as unknown as External;
}

/**
 * The tensor of a box.
 * @throws {TorchError} `ERR_TORCH_TYPE`, `ERR_TORCH_DISPOSED`
 */
export function unbox(value: unknown, what: string): TensorImpl {
  const t = boxOf(value, what).impl;
  if (!t) return fail("ERR_TORCH_DISPOSED", `${what}: the tensor was disposed of`);
  door.note(t);
  return t;
}

/**
 * A value as a box.
 * @throws {TorchError} `ERR_TORCH_TYPE`
 */
export function boxOf(value: unknown, what: string): TensorBox {
  if (value instanceof TensorBox) return value;
  return fail("ERR_TORCH_TYPE", `${what}: expected a tensor, got ${describe(value)}`);
}

/** Empties a box. Idempotent. */
export function drop(handle: TensorBox): void {
  if (!handle.impl) return;
  counts.live--;
  removeHandle(handle.impl.storage);
  handle.impl = null;
  handle.life.impl = null;
  leave(handle);
}

/** Takes a box out of its scope. */
export function leave(handle: TensorBox): void {
  handle.scope?.delete(handle);
  handle.scope = null;
}

/** Begins a scope, to which new boxes belong. */
export const beginScope = (): void => void scopes.push(new Set());

/** Ends the innermost scope; survivors of it move outwards, its other boxes are dropped. Returns for each survivor whether the scope held it. */
export function endScope(survivors: readonly unknown[]): boolean[] {
  const scope = scopes.pop() ?? fail("ERR_TORCH_VALUE", "scopeEnd: no scope is open");
  const outer = scopes.at(-1) ?? null;
  const mine = survivors.map((handle) => handle instanceof TensorBox && handle.scope === scope);
  survivors.forEach((handle, i) => {
    if (!mine[i]) return;
    leave(handle as TensorBox);
    if (!outer) return;
    (handle as TensorBox).scope = outer;
    outer.add(handle as TensorBox);
  });
  for (const handle of [...scope]) drop(handle);
  return mine;
}
