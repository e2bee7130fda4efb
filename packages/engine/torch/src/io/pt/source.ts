// Checkpoints are read by position, from a file or from memory.
import { cutShort } from "../file.js";
import { plainBytes } from "../raw.js";

export interface ByteSource {
  readonly path: string;
  readonly length: number;
  read(position: number, length: number): Uint8Array;
}

/** A file in memory. */
export class BytesSource implements ByteSource {
  readonly #bytes: Uint8Array;

  constructor(
    bytes: Uint8Array,
    /** The name in error messages. */
    readonly path: string,
  ) {
    this.#bytes = plainBytes(bytes);
  }

  /** Size in bytes. */
  get length(): number {
    return this.#bytes.length;
  }

  /** Throws a TorchError beyond the end. */
  read(position: number, length: number): Uint8Array {
    if (position + length > this.length) throw cutShort(this.path, position + length, this.length);
    return this.#bytes.subarray(position, position + length);
  }
}

export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** A small file that claims more bytes is damaged or hostile. */
export const unpackedLimit = (source: ByteSource): number =>
  Math.min(2 ** 36, Math.max(2 ** 24, 20 * source.length));
