// The part of Protocol Buffers' wire format that writing an event needs: a field is its number and kind, then its
// value. A generator and a run-time library for five small messages would be larger.

/** A field: its bytes, tag included. */
export type Field = Uint8Array;

/** A message of fields. */
export function message(...fields: readonly Field[]): Uint8Array {
  return Buffer.concat(fields);
}

/** An integer field (int32, int64 up to 2^53, enum): a whole number from 0 on. */
export function integer(field: number, value: number): Field {
  return Buffer.concat([tag(field, 0), varint(value)]);
}

export function double(field: number, value: number): Field {
  const bytes = Buffer.alloc(8);
  bytes.writeDoubleLE(value);
  return Buffer.concat([tag(field, 1), bytes]);
}

export function float(field: number, value: number): Field {
  const bytes = Buffer.alloc(4);
  bytes.writeFloatLE(value);
  return Buffer.concat([tag(field, 5), bytes]);
}

/** A field of bytes, of text in UTF-8, or of a message. */
export function bytes(field: number, value: Uint8Array | string): Field {
  const content = typeof value === "string" ? Buffer.from(value, "utf8") : value;
  return Buffer.concat([tag(field, 2), varint(content.length), content]);
}

function tag(field: number, kind: number): Uint8Array {
  return varint(field * 8 + kind);
}

/** Seven bits a byte, the lowest first; the top bit says that more follow. */
function varint(value: number): Uint8Array {
  const out: number[] = [];
  let rest = value;
  for (; rest >= 128; rest = Math.floor(rest / 128)) out.push((rest % 128) | 128);
  out.push(rest);
  return Uint8Array.from(out);
}
