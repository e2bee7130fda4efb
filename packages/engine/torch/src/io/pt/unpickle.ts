// A stack machine for the pickles of torch.save (protocols 2 to 5): it builds plain data and calls functions of ours only.

import { type FormatCode, formatError, type TorchError } from "../../binding/errors.js";
import { Cursor } from "./cursor.js";
import { Callable, OrderedDict, resolveGlobal, storageReader } from "./torch-pickle.js";

/** Bounds steps of a pickle and the values that it describes; a dictionary counts as 8. */
export const mostValues = 1_000_000;
const dictionaryCost = 8;

/**
 * Runs a pickle and returns its value: plain values, arrays (frozen for tuples), Maps, and references to tensors,
 * possibly shared or cyclic.
 * @throws {TorchError}
 */
export function unpickle(bytes: Uint8Array, source: string): unknown {
  const cursor = new Cursor(bytes, source);
  const machine = new Machine(cursor);
  if (cursor.left < 2 || cursor.uint8() !== 0x80 || !operations[0x80]!(machine))
    throw machine.refuse("InvalidHeader", "is no pickle of protocol 2 to 5");
  for (;;) {
    machine.spend(1);
    const code = cursor.uint8();
    if (code === 0x2e) return machine.result();
    const operation = operations[code];
    if (operation === undefined)
      throw machine.refuse(
        "InvalidValue",
        `uses operation 0x${code.toString(16).padStart(2, "0")} at ${cursor.at - 1}, which state dicts do not need: it is refused`,
      );
    operation(machine);
  }
}

class Machine {
  #stack: unknown[] = [];
  readonly #marks: unknown[][] = [];
  readonly #memo = new Map<number, unknown>();

  #stepsLeft = mostValues;

  readonly #storage: (id: readonly unknown[]) => unknown;

  constructor(readonly cursor: Cursor) {
    this.#storage = storageReader(cursor.source);
  }

  refuse(code: FormatCode, problem: string): TorchError {
    return formatError(code, this.cursor.source, `its pickle ${problem}`);
  }

  spend(steps: number): void {
    this.#stepsLeft -= steps;
    if (this.#stepsLeft < 0)
      throw this.refuse("OutOfRange", "takes more steps than it may: expected a checkpoint");
  }

  push(value: unknown): void {
    this.#stack.push(value);
  }
  pop(): unknown {
    if (this.#stack.length === 0) throw this.refuse("InvalidValue", "takes from an empty stack");
    return this.#stack.pop();
  }
  top(): unknown {
    if (this.#stack.length === 0) throw this.refuse("InvalidValue", "looks at an empty stack");
    return this.#stack.at(-1);
  }
  popMany(count: number): unknown[] {
    if (this.#stack.length < count) throw this.refuse("InvalidValue", "takes from an empty stack");
    return this.#stack.splice(this.#stack.length - count);
  }

  mark(): void {
    this.#marks.push(this.#stack);
    this.#stack = [];
  }
  popMark(): unknown[] {
    const items = this.#stack;
    const below = this.#marks.pop();
    if (below === undefined) throw this.refuse("InvalidValue", "looks for a missing mark");
    this.#stack = below;
    return items;
  }

  put(index = this.#memo.size): void {
    this.#memo.set(index, this.top());
  }
  get(index: number): void {
    if (!this.#memo.has(index)) {
      throw this.refuse("InvalidValue", `recalls value ${index}, which it did not store`);
    }
    this.push(this.#memo.get(index));
  }

  tuple(items: unknown[]): void {
    this.push(Object.freeze(items));
  }
  popTuple(): readonly unknown[] {
    const value = this.pop();
    if (Array.isArray(value) && Object.isFrozen(value)) return value;
    throw this.refuse("InvalidValue", "calls a function without a tuple of arguments");
  }

  append(items: unknown[]): void {
    const list = this.top();
    if (!Array.isArray(list) || Object.isFrozen(list)) {
      throw this.refuse("InvalidValue", "appends to a value that is no list");
    }
    for (const item of items) list.push(item);
  }

  dictionary(): void {
    this.spend(dictionaryCost);
    this.push(new Map());
  }

  setItems(items: unknown[]): void {
    const map = this.top();
    if (!(map instanceof Map) || items.length % 2 !== 0) {
      throw this.refuse("InvalidValue", "sets items of a value that is no dictionary");
    }
    for (let i = 0; i < items.length; i += 2) {
      const key = items[i];
      if (!["string", "number", "bigint", "boolean"].includes(typeof key)) {
        const problem = "has a dictionary key that is neither text nor a number: it is refused";
        throw this.refuse("InvalidValue", problem);
      }
      map.set(key, items[i + 1]);
    }
  }

  global(module: unknown, name: unknown): void {
    if (typeof module !== "string" || typeof name !== "string") {
      throw this.refuse("InvalidValue", "names a class by a value that is no text");
    }
    this.push(resolveGlobal(module, name, this.cursor.source));
  }

  reduce(): void {
    const args = this.popTuple();
    const callable = this.pop();
    if (!(callable instanceof Callable)) {
      throw this.refuse("InvalidValue", "calls what is no function of the allowed ones");
    }
    this.spend(dictionaryCost);
    this.push(callable.call(args, this.cursor.source));
  }

  build(): void {
    const state = this.pop();
    if (this.top() instanceof OrderedDict && state instanceof Map) return;
    throw this.refuse("InvalidValue", "sets attributes of an object, which is refused");
  }

  persistent(): void {
    this.push(this.#storage(this.popTuple()));
  }

  result(): unknown {
    const value = this.pop();
    if (this.#stack.length > 0 || this.#marks.length > 0)
      throw this.refuse("InvalidValue", "leaves more than one value");
    const { left, source } = this.cursor;
    if (left === 0) return value;
    throw formatError("SizeMismatch", source, `${left} bytes follow its pickle: expected none`);
  }
}

const operations: { readonly [code: number]: ((m: Machine) => unknown) | undefined } = {
  // PROTO: whether it is one of ours.
  128: (m) => [2, 3, 4, 5].includes(m.cursor.uint8()),
  // FRAME
  149: (m) => m.cursor.uint64(),
  // MARK
  40: (m) => m.mark(),
  // NONE, NEWTRUE, NEWFALSE
  78: (m) => m.push(null),
  136: (m) => m.push(true),
  137: (m) => m.push(false),
  // BININT, BININT1, BININT2, LONG1, LONG4, BINFLOAT
  74: (m) => m.push(m.cursor.int32()),
  75: (m) => m.push(m.cursor.uint8()),
  77: (m) => m.push(m.cursor.uint16()),
  138: (m) => m.push(m.cursor.integer(m.cursor.uint8())),
  139: (m) => m.push(m.cursor.integer(m.cursor.uint32())),
  71: (m) => m.push(m.cursor.float64()),
  // SHORT_BINUNICODE, BINUNICODE, BINUNICODE8
  140: (m) => m.push(m.cursor.text(m.cursor.uint8())),
  88: (m) => m.push(m.cursor.text(m.cursor.uint32())),
  141: (m) => m.push(m.cursor.text(m.cursor.uint64())),
  // EMPTY_TUPLE, TUPLE1, TUPLE2, TUPLE3, TUPLE
  41: (m) => m.tuple([]),
  133: (m) => m.tuple(m.popMany(1)),
  134: (m) => m.tuple(m.popMany(2)),
  135: (m) => m.tuple(m.popMany(3)),
  116: (m) => m.tuple(m.popMark()),
  // EMPTY_LIST, APPEND, APPENDS
  93: (m) => m.push([]),
  97: (m) => m.append(m.popMany(1)),
  101: (m) => m.append(m.popMark()),
  // EMPTY_DICT, SETITEM, SETITEMS
  125: (m) => m.dictionary(),
  115: (m) => m.setItems(m.popMany(2)),
  117: (m) => m.setItems(m.popMark()),
  // BINPUT, LONG_BINPUT, MEMOIZE, BINGET, LONG_BINGET
  113: (m) => m.put(m.cursor.uint8()),
  114: (m) => m.put(m.cursor.uint32()),
  148: (m) => m.put(),
  104: (m) => m.get(m.cursor.uint8()),
  106: (m) => m.get(m.cursor.uint32()),
  // GLOBAL, STACK_GLOBAL, REDUCE, BUILD, BINPERSID
  99: (m) => m.global(m.cursor.line(), m.cursor.line()),
  147: (m) => m.global(...(m.popMany(2) as [unknown, unknown])),
  82: (m) => m.reduce(),
  98: (m) => m.build(),
  81: (m) => m.persistent(),
};
