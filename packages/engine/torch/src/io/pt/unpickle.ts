// A pickle is a program for a stack machine. This machine has the operations that plain data
// needs (protocols 2 to 5), calls functions of ours only, and counts its steps.
import { type FormatCode, FormatError } from "../errors.js";
import type { Cursor } from "./cursor.js";

/** Numbers of more bytes than this occur in no checkpoint. */
const integerLimit = 256;

/** An empty dictionary takes as much memory as this many other values. */
const dictionaryCost = 8;

/** Steps left to all pickles of a file. */
export class Steps {
  #left: number;

  constructor(
    count: number,
    readonly source: string,
  ) {
    this.#left = count;
  }

  /** Throws `OutOfRange` where they are used up. */
  spend(count = 1): void {
    this.#left -= count;
    if (this.#left >= 0) return;
    const problem = "its pickle takes more steps than it may: expected a checkpoint";
    const cure = "raise limits.maxValues if you trust the file";
    throw new FormatError("OutOfRange", this.source, `${problem}; ${cure}`);
  }
}

/** A function of ours under a Python name. */
export class Callable {
  constructor(
    readonly name: string,
    readonly call: (args: readonly unknown[], source: string) => unknown,
  ) {}
}

/** What a kind of pickle may do beside putting plain values together. */
export interface Dialect {
  /** The kind, for errors: "state dicts". */
  kind: string;
  /** What a Python name stands for: a `Callable` or a constant. Throws `UnknownName` for all others. */
  global(module: string, name: string, source: string): unknown;
  /** Sets the state of an object; false where that is not allowed. */
  build(object: unknown, state: unknown): boolean;
  /** The value of a persistent identifier. */
  persistent?(id: readonly unknown[]): unknown;
  /** Whether byte strings are allowed, as Python 2 writes text. */
  byteStrings?: boolean;
}

/**
 * Runs one pickle, from the cursor on, and returns what it describes: null, booleans, numbers, bigints,
 * strings, arrays (tuples are frozen ones), Maps, byte strings and values of the dialect, possibly shared or cyclic.
 *
 * Throws `UnknownName` for names that the dialect does not know, `OutOfRange` when the steps are used up,
 * `InvalidHeader` for what is no pickle of protocols 2 to 5, `InvalidValue` and `IncompleteFile` for damaged ones.
 */
export function unpickle(cursor: Cursor, dialect: Dialect, steps: Steps): unknown {
  const machine = new Machine(cursor, dialect, steps);
  if (cursor.left < 2 || cursor.uint8() !== 0x80 || !operations[0x80]!(machine)) {
    throw machine.refuse("InvalidHeader", "is no pickle of protocol 2 to 5");
  }
  for (;;) {
    steps.spend();
    const code = cursor.uint8();
    if (code === 0x2e) return machine.result();
    const operation = operations[code] ?? (dialect.byteStrings ? byteStrings[code] : undefined);
    if (operation === undefined) {
      const shown = `0x${code.toString(16).padStart(2, "0")}`;
      throw machine.refuse(
        "InvalidValue",
        `uses operation ${shown} at ${cursor.at - 1}, which ${dialect.kind} do not need: it is refused`,
      );
    }
    operation(machine);
  }
}

/** `unpickle` of all that the cursor has left; throws `SizeMismatch` where bytes follow the pickle. */
export function unpickleWhole(cursor: Cursor, dialect: Dialect, steps: Steps): unknown {
  const value = unpickle(cursor, dialect, steps);
  if (cursor.left === 0) return value;
  const problem = `${cursor.left} bytes follow its pickle: expected none`;
  throw new FormatError("SizeMismatch", cursor.source, problem);
}

class Machine {
  #stack: unknown[] = [];
  readonly #marks: unknown[][] = [];
  readonly #memo = new Map<number, unknown>();

  constructor(
    readonly cursor: Cursor,
    readonly dialect: Dialect,
    readonly steps: Steps,
  ) {}

  refuse(code: FormatCode, problem: string): FormatError {
    return new FormatError(code, this.cursor.source, `its pickle ${problem}`);
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
  /** The topmost `count` values, the deepest first. */
  popMany(count: number): unknown[] {
    if (this.#stack.length < count) throw this.refuse("InvalidValue", "takes from an empty stack");
    return this.#stack.splice(this.#stack.length - count);
  }

  mark(): void {
    this.#marks.push(this.#stack);
    this.#stack = [];
  }
  /** The values since the last mark. */
  popMark(): unknown[] {
    const items = this.#stack;
    const below = this.#marks.pop();
    if (below === undefined)
      throw this.refuse("InvalidValue", "looks for a mark that is not there");
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
  /** A tuple from the stack, as functions take their arguments. */
  popTuple(): readonly unknown[] {
    const value = this.pop();
    if (Array.isArray(value) && Object.isFrozen(value)) return value;
    throw this.refuse("InvalidValue", "calls a function without a tuple of arguments");
  }

  append(items: unknown[]): void {
    const list = this.top();
    if (!Array.isArray(list) || Object.isFrozen(list)) {
      throw this.refuse("InvalidValue", "appends to what is no list");
    }
    for (const item of items) list.push(item);
  }

  dictionary(): void {
    this.steps.spend(dictionaryCost);
    this.push(new Map());
  }

  setItems(items: unknown[]): void {
    const map = this.top();
    if (!(map instanceof Map) || items.length % 2 !== 0) {
      throw this.refuse("InvalidValue", "sets items of what is no dictionary");
    }
    for (let i = 0; i < items.length; i += 2) {
      const key = items[i] instanceof Uint8Array ? latin1(items[i] as Uint8Array) : items[i];
      if (!["string", "number", "bigint", "boolean"].includes(typeof key)) {
        const problem = "has a dictionary key that is neither text nor a number: it is refused";
        throw this.refuse("InvalidValue", problem);
      }
      map.set(key, items[i + 1]);
    }
  }

  integer(length: number): void {
    if (length > integerLimit) {
      const problem = `holds a number of ${length} bytes: expected at most ${integerLimit}`;
      throw this.refuse("OutOfRange", problem);
    }
    this.push(this.cursor.integer(length));
  }

  global(module: unknown, name: unknown): void {
    if (typeof module !== "string" || typeof name !== "string") {
      throw this.refuse("InvalidValue", "names a class by what is no text");
    }
    this.push(this.dialect.global(module, name, this.cursor.source));
  }

  reduce(): void {
    const args = this.popTuple();
    const callable = this.pop();
    if (!(callable instanceof Callable)) {
      throw this.refuse("InvalidValue", "calls what is no function of the allowed ones");
    }
    this.steps.spend(dictionaryCost);
    this.push(callable.call(args, this.cursor.source));
  }

  build(): void {
    const state = this.pop();
    if (this.dialect.build(this.top(), state)) return;
    throw this.refuse("InvalidValue", "sets attributes of an object, which is refused");
  }

  persistent(): void {
    const id = this.popTuple();
    if (!this.dialect.persistent)
      throw this.refuse("InvalidValue", "refers to something outside of it");
    this.push(this.dialect.persistent(id));
  }

  result(): unknown {
    const value = this.pop();
    if (this.#stack.length > 0 || this.#marks.length > 0) {
      throw this.refuse("InvalidValue", "leaves more than one value");
    }
    return value;
  }
}

/** A byte string as text, each byte a character. */
export function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("latin1");
}

/** What each operation does, by its byte; the names are those of Python's pickletools. */
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
  138: (m) => m.integer(m.cursor.uint8()),
  139: (m) => m.integer(m.cursor.uint32()),
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

/** SHORT_BINSTRING, BINSTRING, SHORT_BINBYTES, BINBYTES */
const byteStrings: typeof operations = {
  85: (m) => m.push(m.cursor.bytes(m.cursor.uint8())),
  84: (m) => m.push(m.cursor.bytes(m.cursor.uint32())),
  67: (m) => m.push(m.cursor.bytes(m.cursor.uint8())),
  66: (m) => m.push(m.cursor.bytes(m.cursor.uint32())),
};
