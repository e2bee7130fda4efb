// The bytes of a pickle, read one value after the other.
import { formatError, type TorchError } from "../../binding/errors.js";
import { plainBytes, viewOf } from "../raw.js";

/** No checkpoint has longer numbers. */
const longestInteger = 256;
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** A place in the bytes of a pickle; every read throws `IncompleteFile` at their end. */
export class Cursor {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  /** The position of the next byte. */
  at = 0;

  constructor(
    bytes: Uint8Array,
    /** The file, for errors. */
    readonly source: string,
  ) {
    this.#bytes = plainBytes(bytes);
    this.#view = viewOf(this.#bytes);
  }

  /** The number of bytes up to the end. */
  get left(): number {
    return this.#bytes.length - this.at;
  }

  /** An unsigned byte. */
  uint8(): number {
    return this.#view.getUint8(this.#advance(1));
  }
  /** Two bytes, the lowest first. */
  uint16(): number {
    return this.#view.getUint16(this.#advance(2), true);
  }
  /** Four bytes, the lowest first. */
  uint32(): number {
    return this.#view.getUint32(this.#advance(4), true);
  }
  /** Four signed bytes, the lowest first. */
  int32(): number {
    return this.#view.getInt32(this.#advance(4), true);
  }
  /**
   * A length of eight bytes.
   * @throws {TorchError} `IncompleteFile` beyond the end.
   */
  uint64(): number {
    const value = this.#view.getBigUint64(this.#advance(8), true);
    if (value > BigInt(this.left)) throw this.#cut(value);
    return Number(value);
  }
  /** Eight bytes, the highest first. */
  float64(): number {
    return this.#view.getFloat64(this.#advance(8), false);
  }

  /** The next bytes. */
  bytes(length: number): Uint8Array {
    const start = this.#advance(length);
    return this.#bytes.subarray(start, this.at);
  }

  /**
   * A signed number of this many bytes.
   * @throws {TorchError} `OutOfRange` above 256 bytes.
   */
  integer(length: number): number | bigint {
    if (length > longestInteger)
      throw formatError(
        "OutOfRange",
        this.source,
        `its pickle holds a number of ${length} bytes: expected at most ${longestInteger}`,
      );
    const bytes = this.bytes(length);
    let value = 0n;
    for (let i = bytes.length - 1; i >= 0; i--) value = (value << 8n) | BigInt(bytes[i]);
    value = BigInt.asIntN(8 * length, value);
    const number = Number(value);
    return Number.isSafeInteger(number) ? number : value;
  }

  /**
   * Text of this many bytes in UTF-8.
   * @throws {TorchError} `InvalidValue` if it is not UTF-8.
   */
  text(length: number): string {
    const bytes = this.bytes(length);
    try {
      return decoder.decode(bytes);
    } catch {
      throw formatError("InvalidValue", this.source, "its pickle holds text that is no UTF-8");
    }
  }

  /** Text up to the next line break. */
  line(): string {
    const end = this.#bytes.indexOf(0x0a, this.at);
    const line = this.text((end < 0 ? this.#bytes.length : end) - this.at);
    this.#advance(1);
    return line;
  }

  #advance(length: number): number {
    if (length > this.left) throw this.#cut(length);
    this.at += length;
    return this.at - length;
  }

  #cut(length: number | bigint): TorchError {
    return formatError(
      "IncompleteFile",
      this.source,
      `its pickle needs ${length} bytes at ${this.at} and has ${this.left}; copy or write it again`,
    );
  }
}
