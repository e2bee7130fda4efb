// What a tensor is to JavaScript: a private pointer, alive until its scope, its owner or the collector
// lets it go. Scopes come first: what is born in one dies with it unless returned or kept.
import { DisposedError, TorchError } from "./errors.js";
import { type External, guarded, native } from "./native.js";

let pointer: (handle: Handle) => External;
let seize: (handle: Handle) => External;
let swap: (handle: Handle, from: Handle) => void;
let isKept: (handle: Handle) => boolean;

/** The base of Tensor: owns one reference to native memory. */
export abstract class Handle {
  #ptr: External | null;
  #kept = false;

  static {
    pointer = (handle) => {
      const ptr = handle.#ptr;
      if (ptr === null)
        throw new DisposedError("ERR_TORCH_DISPOSED", "the tensor was moved elsewhere");
      return ptr;
    };
    seize = (handle) => {
      const ptr = pointer(handle);
      handle.#ptr = null;
      return ptr;
    };
    swap = (handle, from) => {
      const fresh = seize(from);
      handle.dispose();
      handle.#ptr = fresh;
    };
    isKept = (handle) => handle.#kept;
  }

  constructor(ptr: External) {
    this.#ptr = ptr;
    current?.push(this);
  }

  /** Whether the memory was given back. */
  get disposed(): boolean {
    return this.#ptr === null || native.isDisposed(this.#ptr);
  }

  /** Gives the memory back now; using the tensor afterwards is a DisposedError. Idempotent. */
  dispose(): void {
    if (this.#ptr !== null) native.dispose(this.#ptr);
  }

  [Symbol.dispose](): void {
    this.dispose();
  }

  /** Exempts the tensor from its scope: it lives until it is disposed of or collected. */
  keep(): this {
    this.#kept = true;
    return this;
  }
}

/** The native pointer of a handle. For the engine's own files only. */
export function ptrOf(handle: Handle): External {
  return pointer(handle);
}

/** Takes the pointer out of a handle, which is unusable afterwards. For the engine's own files only. */
export function seizePtr(handle: Handle): External {
  return seize(handle);
}

/** Puts the memory of `from` in the place of a handle's own. For the engine's own files only. */
export function replacePtr(handle: Handle, from: Handle): void {
  swap(handle, from);
}

let current: Handle[] | null = null;

function releaseAll(born: Handle[], except: Set<Handle>, parent: Handle[] | null): void {
  const dead: External[] = [];
  for (const handle of born) {
    if (isKept(handle)) continue;
    if (except.has(handle)) parent?.push(handle);
    else if (!handle.disposed) dead.push(ptrOf(handle));
  }
  if (dead.length > 0) native.release(dead);
}

/** Collects the tensors of a result: itself, or those in arrays and plain objects, however deep. */
function collect(value: unknown, into: Set<Handle>, seen: Set<object>): void {
  if (typeof value !== "object" || value === null || seen.has(value)) return;
  seen.add(value);
  if (value instanceof Handle) {
    into.add(value);
  } else if (Array.isArray(value)) {
    for (const item of value) collect(item, into, seen);
  } else if (value instanceof Map) {
    for (const item of value.values()) collect(item, into, seen);
  } else {
    const proto = Object.getPrototypeOf(value);
    if (proto === Object.prototype || proto === null)
      for (const item of Object.values(value)) collect(item, into, seen);
  }
}

function refusePromise(value: unknown, what: string): void {
  if (value instanceof Promise) {
    value.catch(() => {});
    throw new TorchError(
      "ERR_TORCH_VALUE",
      `${what} is synchronous, but its function returned a promise: use \`using scope = new Scope()\` and \`scope.run()\` around each synchronous part`,
    );
  }
}

/**
 * Runs `fn` and gives back every tensor made in it, except those it returns (in arrays, maps and plain
 * objects too), which move to the surrounding scope, and those that were kept.
 * Throws a TorchError when `fn` is asynchronous.
 */
export function tidy<T>(fn: () => T): T {
  const parent = current;
  const born: Handle[] = [];
  const survivors = new Set<Handle>();
  current = born;
  try {
    const result = fn();
    refusePromise(result, "tidy()");
    collect(result, survivors, new Set());
    return result;
  } finally {
    current = parent;
    releaseAll(born, survivors, parent);
  }
}

/** Exempts a tensor from its scope and returns it. */
export function keep<T extends Handle>(handle: T): T {
  return handle.keep();
}

/** A scope that outlives one function: for asynchronous code, `using scope = new Scope()`. */
export class Scope implements Disposable {
  #born: Handle[] = [];

  /** Runs a synchronous part; its tensors live until the scope ends. */
  run<T>(fn: () => T): T {
    const parent = current;
    current = this.#born;
    try {
      const result = fn();
      refusePromise(result, "Scope.run()");
      return result;
    } finally {
      current = parent;
    }
  }

  [Symbol.dispose](): void {
    const born = this.#born;
    this.#born = [];
    releaseAll(born, new Set(), null);
  }
}

/** How many tensors have a handle in this thread: what leak tests count. */
export function liveTensors(): number {
  return guarded(() => native.liveTensors());
}
