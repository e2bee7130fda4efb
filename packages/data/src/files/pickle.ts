// CIFAR-10's Python archive holds pickles that Python 2 wrote. A pickle is a program for a stack machine: this one
// knows the operations that those files use, calls nothing, and makes NumPy's byte arrays and no other object.
import { DatasetError } from "../errors.js";

/** What a pickle can describe here: Python 2's str is bytes. */
export type Pickled =
  | null
  | boolean
  | number
  | string
  | Uint8Array
  | Pickled[]
  | PickledArray
  | Global
  | PickledDict;

/** A dictionary; keys that were bytes are read as Latin-1. */
export class PickledDict extends Map<string | number, Pickled> {}

/** A NumPy array of bytes in C order. */
export class PickledArray {
  shape: readonly number[] = [];
  data: Uint8Array = new Uint8Array();
}

/** A name that a pickle refers to: a constant of the program, no data. */
class Global {
  constructor(readonly name: string) {}
}

const arrayMaker = new Global("_reconstruct");
const arrayType = new Global("ndarray");
const elementType = new Global("dtype");
const bytesType = new Global("uint8");
const globals = new Map([
  ["numpy.core.multiarray _reconstruct", arrayMaker],
  // Its name since NumPy 2.
  ["numpy._core.multiarray _reconstruct", arrayMaker],
  ["numpy ndarray", arrayType],
  ["numpy dtype", elementType],
]);
const mark = Symbol("mark");

/**
 * What the bytes of one pickle describe; byte strings are views of them.
 *
 * `source` names the bytes in errors. Throws a `DatasetError` `BadPickle` for anything but containers, numbers,
 * text, and NumPy arrays of unsigned bytes.
 */
export function unpickle(bytes: Uint8Array, source: string): Pickled {
  const machine = new Machine(bytes, source);
  for (;;) {
    const code = machine.byte();
    if (code === 0x2e) return machine.result();
    const operation = operations[code];
    if (operation === undefined)
      throw machine.refuse(
        `uses the operation 0x${code.toString(16)} at ${machine.at - 1}, which is refused`,
      );
    operation(machine);
  }
}

class Machine {
  at = 0;
  readonly #view: DataView;
  readonly #stack: (Pickled | typeof mark)[] = [];
  readonly #memo = new Map<number, Pickled>();

  constructor(
    readonly bytes: Uint8Array,
    readonly source: string,
  ) {
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  }

  refuse(problem: string): DatasetError {
    return new DatasetError(
      "BadPickle",
      `${this.source}: its pickle ${problem}: expected a batch of the published archive; fetch it again`,
    );
  }

  /** Moves on by `length` bytes and returns where they begin. */
  #take(length: number): number {
    const begin = this.at;
    if (begin + length > this.bytes.length) throw this.refuse(`is cut at ${this.bytes.length}`);
    this.at += length;
    return begin;
  }
  byte(): number {
    return this.#view.getUint8(this.#take(1));
  }
  uint16(): number {
    return this.#view.getUint16(this.#take(2), true);
  }
  uint32(): number {
    return this.#view.getUint32(this.#take(4), true);
  }
  int32(): number {
    return this.#view.getInt32(this.#take(4), true);
  }
  blob(length: number): Uint8Array {
    return this.bytes.subarray(this.#take(length), this.at);
  }
  line(): string {
    const end = this.bytes.subarray(this.at, this.at + 256).indexOf(0x0a);
    if (end < 0) throw this.refuse("names a class without end");
    const text = latin1(this.blob(end));
    this.#take(1);
    return text;
  }

  push(value: Pickled | typeof mark): void {
    this.#stack.push(value);
  }
  pop(): Pickled {
    const value = this.#stack.pop();
    if (value === undefined || value === mark) throw this.refuse("takes from an empty stack");
    return value;
  }
  top(): Pickled {
    const value = this.pop();
    this.push(value);
    return value;
  }
  popMany(count: number): Pickled[] {
    return Array.from({ length: count }, () => this.pop()).reverse();
  }
  popMark(): Pickled[] {
    const begin = this.#stack.lastIndexOf(mark);
    if (begin < 0) throw this.refuse("looks for a mark that is not there");
    return this.#stack.splice(begin).slice(1) as Pickled[];
  }

  put(index: number): void {
    this.#memo.set(index, this.top());
  }
  get(index: number): void {
    const value = this.#memo.get(index);
    if (value === undefined) throw this.refuse(`recalls value ${index}, which it did not store`);
    this.push(value);
  }

  append(items: Pickled[]): void {
    const list = this.top();
    if (!Array.isArray(list)) throw this.refuse("appends to what is no list");
    for (const item of items) list.push(item);
  }
  setItems(items: Pickled[]): void {
    const dict = this.top();
    if (!(dict instanceof PickledDict) || items.length % 2 !== 0)
      throw this.refuse("sets items of what is no dictionary");
    for (let i = 0; i < items.length; i += 2) {
      const key = items[i] instanceof Uint8Array ? latin1(items[i] as Uint8Array) : items[i];
      if (typeof key !== "string" && typeof key !== "number")
        throw this.refuse("has a key that is neither text nor a number");
      dict.set(key, items[i + 1] as Pickled);
    }
  }

  global(module: string, name: string): void {
    const found = globals.get(`${module} ${name}`);
    if (found === undefined) throw this.refuse(`names ${module}.${name}, which is refused`);
    this.push(found);
  }

  /** The two calls that a NumPy array is made of; neither runs anything. */
  reduce(): void {
    const args = this.pop();
    const callee = this.pop();
    const [first] = Array.isArray(args) ? args : [];
    const text = first instanceof Uint8Array ? latin1(first) : first;
    if (callee === arrayMaker && first === arrayType) this.push(new PickledArray());
    else if (callee === elementType && text === "u1") this.push(bytesType);
    else throw this.refuse("makes an object other than an array of unsigned bytes");
  }

  /** The state of an array: version, shape, element type, whether in Fortran order, bytes. */
  build(): void {
    const state = this.pop();
    const object = this.top();
    if (object === bytesType) return;
    const [, shape, type, fortran, data] = Array.isArray(state) ? state : [];
    if (!(object instanceof PickledArray) || type !== bytesType || !(data instanceof Uint8Array))
      throw this.refuse("sets the state of what is no array of unsigned bytes");
    const counts = Array.isArray(shape) && shape.every((size) => typeof size === "number");
    const sizes = counts ? shape : [];
    const count = sizes.reduce((n, size) => n * size, 1);
    if (fortran !== false || sizes.length === 0 || count !== data.length)
      throw this.refuse(`has an array of [${sizes}] with ${data.length} bytes`);
    object.shape = sizes;
    object.data = data;
  }

  result(): Pickled {
    const value = this.pop();
    if (this.#stack.length > 0 || this.at !== this.bytes.length)
      throw this.refuse("leaves more than one value");
    return value;
  }
}

const latin1 = (bytes: Uint8Array): string => Buffer.from(bytes).toString("latin1");
const utf8 = (bytes: Uint8Array): string => Buffer.from(bytes).toString("utf8");

/** What each operation does, by its byte; the names are those of Python's pickletools. */
const operations: { readonly [code: number]: ((m: Machine) => void) | undefined } = {
  // PROTO
  128: (m) => {
    const version = m.byte();
    if (version < 2 || version > 3) throw m.refuse(`has protocol ${version}`);
  },
  // MARK
  40: (m) => m.push(mark),
  // NONE, NEWTRUE, NEWFALSE
  78: (m) => m.push(null),
  136: (m) => m.push(true),
  137: (m) => m.push(false),
  // BININT, BININT1, BININT2
  74: (m) => m.push(m.int32()),
  75: (m) => m.push(m.byte()),
  77: (m) => m.push(m.uint16()),
  // SHORT_BINSTRING, BINSTRING, SHORT_BINBYTES, BINBYTES
  85: (m) => m.push(m.blob(m.byte())),
  84: (m) => m.push(m.blob(m.uint32())),
  67: (m) => m.push(m.blob(m.byte())),
  66: (m) => m.push(m.blob(m.uint32())),
  // BINUNICODE
  88: (m) => m.push(utf8(m.blob(m.uint32()))),
  // EMPTY_TUPLE, TUPLE1, TUPLE2, TUPLE3, TUPLE
  41: (m) => m.push([]),
  133: (m) => m.push(m.popMany(1)),
  134: (m) => m.push(m.popMany(2)),
  135: (m) => m.push(m.popMany(3)),
  116: (m) => m.push(m.popMark()),
  // EMPTY_LIST, APPEND, APPENDS
  93: (m) => m.push([]),
  97: (m) => m.append(m.popMany(1)),
  101: (m) => m.append(m.popMark()),
  // EMPTY_DICT, SETITEM, SETITEMS
  125: (m) => m.push(new PickledDict()),
  115: (m) => m.setItems(m.popMany(2)),
  117: (m) => m.setItems(m.popMark()),
  // BINPUT, LONG_BINPUT, BINGET, LONG_BINGET
  113: (m) => m.put(m.byte()),
  114: (m) => m.put(m.uint32()),
  104: (m) => m.get(m.byte()),
  106: (m) => m.get(m.uint32()),
  // GLOBAL, REDUCE, BUILD
  99: (m) => m.global(m.line(), m.line()),
  82: (m) => m.reduce(),
  98: (m) => m.build(),
};
