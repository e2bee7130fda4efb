// TensorBoard's events (event.proto and summary.proto of version "brain.Event:2") in Protocol Buffers' wire format.

function event(step: number, what: Field): Uint8Array {
  return message(double(1, Date.now() / 1000), integer(2, step), what);
}

export function fileVersion(): Uint8Array {
  return event(0, bytes(3, "brain.Event:2"));
}

/** SessionLog START: readers ignore later steps of earlier files. */
export function sessionStart(step: number): Uint8Array {
  const start = 1;
  return event(step, bytes(7, message(integer(1, start))));
}

/** A summary of numbers by name, in single precision like TensorBoard's. */
export function scalars(step: number, values: readonly (readonly [string, number])[]): Uint8Array {
  return summary(
    step,
    values.map(([name, value]) => [bytes(1, name), float(2, value)]),
  );
}

/** A summary of images, PNG by name. */
export function images(
  step: number,
  pictures: readonly (readonly [string, Uint8Array])[],
): Uint8Array {
  return summary(
    step,
    pictures.map(([name, png]) => {
      const { width, height, colorspace } = pngFacts(png);
      const image = [integer(1, height), integer(2, width), integer(3, colorspace), bytes(4, png)];
      return [bytes(1, name), bytes(4, message(...image))];
    }),
  );
}

function summary(step: number, values: readonly Field[][]): Uint8Array {
  return event(step, bytes(5, message(...values.map((value) => bytes(1, message(...value))))));
}

/** Channels by the type of colours of a PNG. */
const channels: Record<number, number> = { 0: 1, 2: 3, 3: 3, 4: 2, 6: 4 };

function pngFacts(png: Uint8Array) {
  const head = Buffer.from(png.buffer, png.byteOffset, 26);
  return {
    width: head.readUInt32BE(16),
    height: head.readUInt32BE(20),
    colorspace: channels[head[25]],
  };
}

type Field = Uint8Array;

function message(...fields: readonly Field[]): Uint8Array {
  return Buffer.concat(fields);
}

function integer(field: number, value: number): Field {
  return Buffer.concat([tag(field, 0), varint(value)]);
}

function double(field: number, value: number): Field {
  const bytes = Buffer.alloc(8);
  bytes.writeDoubleLE(value);
  return Buffer.concat([tag(field, 1), bytes]);
}

function float(field: number, value: number): Field {
  const bytes = Buffer.alloc(4);
  bytes.writeFloatLE(value);
  return Buffer.concat([tag(field, 5), bytes]);
}

function bytes(field: number, value: Uint8Array | string): Field {
  const content = typeof value === "string" ? Buffer.from(value, "utf8") : value;
  return Buffer.concat([tag(field, 2), varint(content.length), content]);
}

function tag(field: number, kind: number): Uint8Array {
  return varint(field * 8 + kind);
}

function varint(value: number): Uint8Array {
  const out: number[] = [];
  let rest = value;
  for (; rest >= 128; rest = Math.floor(rest / 128)) out.push((rest % 128) | 128);
  out.push(rest);
  return Uint8Array.from(out);
}
