import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { lengthOf, refusePromise, TorchError } from "./errors.js";
import { type External, native, withTorchErrors } from "./native.js";

/** The native pointer of a handle. For the engine's own files only. */
export let ptrOf: (handle: Handle) => External;
/** The native pointer of a handle, or undefined for any other object. Internal. */
export let ptrIn: (value: object) => External | undefined;
/** Takes the pointer out of a handle, which is unusable afterwards. Internal. */
export let seizePtr: (handle: Handle) => External;
/** Replaces a handle's memory by the memory of `from`. Internal. */
export let replacePtr: (handle: Handle, from: Handle) => void;
let releaseAll: (born: Handle[], except: Set<Handle> | null, parent: Born | null) => void;
let currentScope: Born | null = null;

interface Born {
  push(handle: Handle): unknown;
}

/** Bytes of scopes from which on garbage is collected. */
const collectBytes = 24 * 2 ** 20;
let collectGarbage: (() => void) | undefined;
let collectAt = collectBytes;

/** Scopes whose tensors only native code lists, so that the collector can free unreachable tensors early. */
const collectable: Born = {
  push() {
    if (native.scopedBytes() <= collectAt) return;
    if (!collectGarbage) {
      setFlagsFromString("--expose-gc");
      collectGarbage = runInNewContext("gc") as () => void;
    }
    collectGarbage();
    collectAt = collectBytes + 1.25 * native.scopedBytes();
  },
};

/** Pointers of released tensors, for the results of later calls. Internal. */
export const spares: External[] = [];
const mostSpares = 1024;
let releasedPointer: External | undefined;

/** The base of Tensor: owns one reference to native memory. */
export abstract class Handle {
  #ptr: External | null;
  #kept = false;

  static {
    ptrOf = (handle) => {
      const ptr = handle.#ptr;
      if (ptr === null)
        throw new TorchError("ERR_TORCH_DISPOSED", "the tensor was moved elsewhere");
      return ptr;
    };
    seizePtr = (handle) => {
      const ptr = ptrOf(handle);
      handle.#ptr = null;
      return ptr;
    };
    replacePtr = (handle, from) => {
      const fresh = seizePtr(from);
      handle.dispose();
      handle.#ptr = fresh;
    };
    ptrIn = (value) => (#ptr in value ? ptrOf(value) : undefined);
    releaseAll = (born, except, parent) => {
      const released: External[] = [];
      for (const handle of born) {
        if (handle.#kept || handle.#ptr === null) continue;
        if (except?.has(handle)) parent?.push(handle);
        else {
          released.push(handle.#ptr);
          // Only the handle knows the pointer, which another handle may have now.
          if (releasedPointer !== undefined) handle.#ptr = releasedPointer;
        }
      }
      if (released.length === 0) return;
      native.release(released);
      if (releasedPointer === undefined) releasedPointer = released[0];
      else spares.push(...released.slice(0, mostSpares - spares.length));
    };
  }

  constructor(ptr: External) {
    this.#ptr = ptr;
    currentScope?.push(this);
  }

  /** Whether the memory was given back. */
  get disposed(): boolean {
    return this.#ptr === null || withTorchErrors(() => native.isDisposed(this.#ptr!));
  }

  /** Gives the memory back now. Idempotent. */
  dispose(): void {
    if (this.#ptr !== null) withTorchErrors(() => native.release([this.#ptr!]));
  }

  [Symbol.dispose](): void {
    this.dispose();
  }

  /** Exempts the tensor from its scope. */
  keep(): this {
    this.#kept = true;
    if (currentScope === collectable && this.#ptr !== null) native.unscope(this.#ptr);
    return this;
  }
}

/**
 * The native pointers of a list of tensors; `what` names the list in errors.
 * @throws {TorchError} for anything else, and for a disposed tensor
 */
export function ptrsOf(handles: readonly Handle[], what: string): External[] {
  if (!Array.isArray(handles))
    throw new TorchError("ERR_TORCH_TYPE", `${what}: expected a list of tensors`);
  const list: External[] = [];
  const length = lengthOf(handles);
  for (let i = 0; i < length; i++) {
    const handle = handles[i] as Handle;
    if (typeof handle !== "object" || handle === null || ptrIn(handle) === undefined)
      throw new TorchError(
        "ERR_TORCH_TYPE",
        `${what}: expected a list of tensors, one is ${handle === null ? "null" : typeof handle}`,
      );
    list.push(ptrOf(handle));
  }
  return list;
}

function collect(value: unknown, into: Set<Handle>, seen: Set<object>): void {
  if (typeof value !== "object" || value === null || seen.has(value)) return;
  seen.add(value);
  if (value instanceof Handle) {
    into.add(value);
  } else if (Array.isArray(value)) {
    const length = lengthOf(value);
    for (let i = 0; i < length; i++) collect(value[i], into, seen);
  } else if (value instanceof Map) {
    for (const item of value.values()) collect(item, into, seen);
  } else {
    const proto = Object.getPrototypeOf(value);
    if (proto === Object.prototype || proto === null)
      for (const item of Object.values(value)) collect(item, into, seen);
  }
}

function resultOf<T>(fn: () => T, survivors: Set<Handle>): T {
  const result = fn();
  refusePromise(result, "tidy()");
  if (typeof result === "object" && result !== null) {
    const handles = new Set<Handle>();
    collect(result, handles, new Set());
    for (const handle of handles) survivors.add(handle); // only after all of it was seen
  }
  return result;
}

/**
 * Runs `fn` and frees the tensors made in it, except kept and returned tensors (also in arrays, maps and plain
 * objects), which move to the surrounding scope.
 * @throws {TorchError} if `fn` is asynchronous.
 */
export function tidy<T>(fn: () => T): T {
  if (currentScope === collectable) return tidyCollectable(fn);
  const parent = currentScope;
  const born: Handle[] = [];
  const survivors = new Set<Handle>();
  currentScope = born;
  try {
    return resultOf(fn, survivors);
  } finally {
    currentScope = parent;
    releaseAll(born, survivors, parent);
  }
}

/** `tidy` for functions with large intermediates: unreferenced tensors are freed while `fn` runs, by collecting garbage. */
export function tidyCollectable<T>(fn: () => T): T {
  const parent = currentScope;
  const survivors = new Set<Handle>();
  native.scopeBegin();
  currentScope = collectable;
  if (parent !== collectable) collectAt = collectBytes;
  try {
    return resultOf(fn, survivors);
  } finally {
    currentScope = parent;
    const whole = [...survivors].filter((handle) => !handle.disposed);
    native.scopeEnd(whole.map(ptrOf)).forEach((mine, i) => {
      if (mine) parent?.push(whole[i]);
    });
  }
}
