// Protobuf's wire format, as far as ONNX needs it.

export class Message {
  readonly chunks: Uint8Array[] = [];
  bytes = 0;

  #push(chunk: Uint8Array): void {
    this.chunks.push(chunk);
    this.bytes += chunk.length;
  }

  #key(field: number, type: 0 | 2 | 5): void {
    this.#push(varint(BigInt((field << 3) | type)));
  }

  int(field: number, value: number | bigint): this {
    this.#key(field, 0);
    this.#push(varint(BigInt(value)));
    return this;
  }

  float(field: number, value: number): this {
    this.#key(field, 5);
    const bytes = new Uint8Array(4);
    new DataView(bytes.buffer).setFloat32(0, value, true);
    this.#push(bytes);
    return this;
  }

  /** Text, or raw bytes. */
  data(field: number, value: string | Uint8Array): this {
    const bytes = typeof value === "string" ? new TextEncoder().encode(value) : value;
    this.#key(field, 2);
    this.#push(varint(BigInt(bytes.length)));
    this.#push(bytes);
    return this;
  }

  message(field: number, inner: Message): this {
    this.#key(field, 2);
    this.#push(varint(BigInt(inner.bytes)));
    for (const chunk of inner.chunks) this.#push(chunk);
    return this;
  }

  packed(field: number, values: readonly (number | bigint)[]): this {
    const inner = new Message();
    for (const value of values) inner.#push(varint(BigInt(value)));
    return this.message(field, inner);
  }
}

function varint(value: bigint): Uint8Array {
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, value);
  do {
    const low = Number(rest & 0x7fn);
    rest >>= 7n;
    bytes.push(rest > 0n ? low | 0x80 : low);
  } while (rest > 0n);
  return Uint8Array.from(bytes);
}
