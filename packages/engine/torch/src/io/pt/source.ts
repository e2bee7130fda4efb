// Checkpoints are read by position, from a file or from bytes that are in memory already.
import { cutShort } from "../file.js";
import { plainBytes } from "../raw.js";

/** Bytes by position, with the name that errors give them; a `ReadFile` is one. */
export interface ByteSource {
  readonly path: string;
  readonly length: number;
  /** Exactly these bytes. Throws `IncompleteFile` if they are not there. */
  read(position: number, length: number): Uint8Array;
}

/** Bytes in memory; `read` returns views of them. */
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

/** A DataView of just these bytes. */
export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** A small file that claims more bytes is damaged or hostile. */
export const unpackedLimit = (source: ByteSource): number =>
  Math.min(2 ** 36, Math.max(2 ** 24, 20 * source.length));
