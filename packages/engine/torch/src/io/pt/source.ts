// Checkpoints are read by position, from a file or from bytes that are in memory already.
import { type FormatCode, FormatError } from "../errors.js";
import { cutShort } from "../file.js";
import { plainBytes } from "../raw.js";

/** Bytes by position, with the name that errors give them; a `ReadFile` is one. */
export interface ByteSource {
  readonly path: string;
  readonly length: number;
  /** Exactly these bytes; throws `IncompleteFile` where they are not there. */
  read(position: number, length: number): Uint8Array;
}

/** Bytes in memory; what `read` returns are views of them. */
export class BytesSource implements ByteSource {
  readonly #bytes: Uint8Array;

  constructor(
    bytes: Uint8Array,
    readonly path: string,
  ) {
    this.#bytes = plainBytes(bytes);
  }

  get length(): number {
    return this.#bytes.length;
  }

  read(position: number, length: number): Uint8Array {
    if (position + length > this.length) throw cutShort(this.path, position + length, this.length);
    return this.#bytes.subarray(position, position + length);
  }
}

const strict = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Bytes in UTF-8 as text; throws a FormatError with this `problem` where they are none. */
export function textOf(
  bytes: Uint8Array,
  code: FormatCode,
  source: string,
  problem: string,
): string {
  try {
    return strict.decode(bytes);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new FormatError(code, source, `${problem}: ${reason}`);
  }
}

/** A DataView of just these bytes. */
export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
