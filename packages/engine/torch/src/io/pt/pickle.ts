// Writes checkpoints: a zip archive with a pickle, protocol 2 as torch.save does, with only those names that
// torch.load(weights_only=True) allows.
import { Tensor } from "../../tensor/tensor.js";
import { FormatError } from "../errors.js";
import { elementCount, type RawArray } from "../raw.js";
import { toRaw } from "../tensors.js";
import { storageTypes } from "./globals.js";
import type { PtKey } from "./value.js";
import { writeZip } from "./zip-writer.js";

/** What a checkpoint can hold: a Map becomes an OrderedDict, an object a dict, an array a list. */
export type PtInput =
  | null
  | boolean
  | number
  | bigint
  | string
  | Tensor
  | readonly PtInput[]
  | ReadonlyMap<PtKey, PtInput>
  | { readonly [name: string]: PtInput };

const depthLimit = 64;
const encoder = new TextEncoder();

/** Values written so far, and the elements of their tensors in the order of their keys. */
class Pickler {
  readonly storages: RawArray[] = [];
  #bytes = new Uint8Array(4096);
  #length = 0;
  /** Under which number what was written before can be recalled; a text is no name, though it looks like one. */
  readonly #memo = new Map<string | Tensor, number>();
  readonly #globals = new Map<string | Tensor, number>();

  /** The bytes of a pickle of this value; throws `InvalidValue` for what is in no checkpoint. */
  dump(value: PtInput): Uint8Array {
    this.#put(0x80, 2);
    this.#value(value, 0);
    this.#put(0x2e);
    return this.#bytes.slice(0, this.#length);
  }

  #value(value: PtInput, depth: number): void {
    if (depth > depthLimit) {
      const problem = `nests deeper than ${depthLimit} levels, or contains itself`;
      throw new FormatError("InvalidValue", "pt", `a value ${problem}: expected a checkpoint`);
    }
    if (value === null) this.#put(0x4e);
    else if (typeof value === "boolean") this.#put(value ? 0x88 : 0x89);
    else if (typeof value === "number") this.#number(value);
    else if (typeof value === "bigint") this.#integer(value);
    else if (typeof value === "string") this.#text(value);
    else if (value instanceof Tensor) this.#tensor(value);
    else if (Array.isArray(value)) {
      this.#put(0x5d, 0x28);
      for (const item of value as readonly PtInput[]) this.#value(item, depth + 1);
      this.#put(0x65);
    } else if (value instanceof Map) {
      this.#orderedDict();
      this.#items(value, depth);
    } else if (isPlain(value)) {
      this.#put(0x7d);
      this.#items(Object.entries(value), depth);
    } else {
      throw new FormatError(
        "InvalidValue",
        "pt",
        `a value is ${typeof value === "object" ? "an object of a class" : typeof value}: expected null, booleans, ` +
          "numbers, strings, tensors, and arrays, Maps and plain objects of them",
      );
    }
  }

  #items(items: Iterable<readonly [PtKey, PtInput]>, depth: number): void {
    this.#put(0x28);
    for (const [key, item] of items) {
      this.#value(key, depth + 1);
      this.#value(item, depth + 1);
    }
    this.#put(0x75);
  }

  /** Whole numbers become ints, others floats. */
  #number(value: number): void {
    if (Object.is(value, -0) || !Number.isSafeInteger(value)) {
      const bytes = new Uint8Array(8);
      new DataView(bytes.buffer).setFloat64(0, value, false);
      this.#put(0x47, ...bytes);
    } else if (value >= 0 && value < 2 ** 8) {
      this.#put(0x4b, value);
    } else if (value >= 0 && value < 2 ** 16) {
      this.#put(0x4d, value & 0xff, value >> 8);
    } else if (value >= -(2 ** 31) && value < 2 ** 31) {
      this.#put(0x4a, ...littleEndian(value));
    } else {
      this.#integer(BigInt(value));
    }
  }

  #integer(value: bigint): void {
    const bytes: number[] = [];
    // Two's complement, until what is left is the sign of the last byte.
    for (let rest = value; ; rest >>= 8n) {
      bytes.push(Number(rest & 0xffn));
      if (rest >= -128n && rest < 128n) break;
    }
    if (bytes.length > 255) {
      const problem = `a number of ${bytes.length} bytes: expected at most 255`;
      throw new FormatError("InvalidValue", "pt", problem);
    }
    this.#put(0x8a, bytes.length, ...bytes);
  }

  #text(value: string): void {
    if (this.#recall(value)) return;
    if (/\p{Surrogate}/u.test(value)) {
      const problem = `${JSON.stringify(value).slice(0, 100)}: expected a well-formed string`;
      throw new FormatError("InvalidValue", "pt", problem);
    }
    const bytes = encoder.encode(value);
    this.#put(0x58, ...littleEndian(bytes.length));
    this.#write(bytes);
    this.#remember(value);
  }

  #global(module: string, name: string): void {
    const lines = `${module}\n${name}\n`;
    if (this.#recall(lines, this.#globals)) return;
    this.#put(0x63);
    this.#write(encoder.encode(lines));
    this.#remember(lines, this.#globals);
  }

  #orderedDict(): void {
    this.#global("collections", "OrderedDict");
    this.#put(0x29, 0x52);
  }

  #tensor(tensor: Tensor): void {
    if (this.#recall(tensor)) return;
    const array = toRaw(tensor);
    const key = String(this.storages.push(array) - 1);
    this.#global("torch._utils", "_rebuild_tensor_v2");
    this.#put(0x28, 0x28);
    this.#text("storage");
    this.#global("torch", storageTypes[array.dtype]);
    this.#text(key);
    this.#text("cpu");
    this.#number(elementCount(array.shape));
    this.#put(0x74, 0x51);
    this.#number(0);
    this.#tuple(array.shape);
    this.#tuple(
      array.shape.map((_, d) => array.shape.slice(d + 1).reduce((p, q) => p * Math.max(q, 1), 1)),
    );
    this.#put(0x89);
    this.#orderedDict();
    this.#put(0x74, 0x52);
    this.#remember(tensor);
  }

  #tuple(items: readonly number[]): void {
    this.#put(0x28);
    for (const item of items) this.#number(item);
    this.#put(0x74);
  }

  /** Whether this was written before: then it is recalled. */
  #recall(value: string | Tensor, memo = this.#memo): boolean {
    const index = memo.get(value);
    if (index === undefined) return false;
    this.#put(0x6a, ...littleEndian(index));
    return true;
  }

  #remember(value: string | Tensor, memo = this.#memo): void {
    const index = this.#memo.size + this.#globals.size;
    memo.set(value, index);
    this.#put(0x72, ...littleEndian(index));
  }

  #put(...bytes: number[]): void {
    this.#write(Uint8Array.from(bytes));
  }

  #write(bytes: Uint8Array): void {
    const end = this.#length + bytes.length;
    if (end > this.#bytes.length) {
      const grown = new Uint8Array(Math.max(end, 2 * this.#bytes.length));
      grown.set(this.#bytes.subarray(0, this.#length));
      this.#bytes = grown;
    }
    this.#bytes.set(bytes, this.#length);
    this.#length = end;
  }
}

/**
 * The bytes of a checkpoint as torch.save writes it (zip archive, PyTorch 1.6 and later).
 *
 * A Map becomes an OrderedDict, a plain object a dict, an array a list; whole numbers become ints, others
 * floats. A tensor that occurs twice is written once; each has a storage of its own, on the CPU, without
 * its gradient. Throws `InvalidValue` for other values, `OutOfRange` from 4 GiB on.
 */
export function encodePt(value: PtInput): Uint8Array {
  const pickler = new Pickler();
  const pickle = pickler.dump(value);
  return writeZip([
    ["archive/data.pkl", pickle],
    ["archive/byteorder", encoder.encode("little")],
    ...pickler.storages.map(({ data }, key) => [`archive/data/${key}`, data] as const),
    ["archive/version", encoder.encode("3\n")],
  ]);
}

function littleEndian(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value >>> 0, true);
  return bytes;
}

function isPlain(value: unknown): value is { readonly [name: string]: PtInput } {
  if (typeof value !== "object" || value === null) return false;
  const proto: unknown = Object.getPrototypeOf(value);
  return proto === Object.prototype || proto === null;
}
