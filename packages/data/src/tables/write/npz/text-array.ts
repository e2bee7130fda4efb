// An array of texts as NumPy stores them: code points of 32 bits, each text in the width of the longest. That width is known
// at the end only, so texts wait in a file of lines.
import { createReadStream } from "node:fs";
import { createInterface } from "node:readline";
import { openSink, type Sink } from "../sink.js";

/** Texts whose bytes are joined before they are written. */
const textsAtOnce = 4096;

/** Texts that wait for their width. */
export interface TextSpool {
  add(texts: readonly string[]): Promise<void>;
  /** Writes them as the bytes of a .npy file, and leaves the lines. */
  finish(target: Sink): Promise<void>;
  abandon(): void;
}

export function openTextSpool(path: string): TextSpool {
  const lines = openSink(path);
  let count = 0;
  let width = 1;
  return {
    async add(texts) {
      count += texts.length;
      for (const text of texts) width = Math.max(width, [...text].length);
      const some = texts.map((text) => `${JSON.stringify(text)}\n`).join("");
      await lines.write(Buffer.from(some, "utf8"));
    },
    async finish(target) {
      await lines.close();
      await target.write(textHeader(count, width));
      let waiting: string[] = [];
      const drain = async () => {
        await target.write(codePoints(waiting, width));
        waiting = [];
      };
      for await (const line of createInterface({ input: createReadStream(path) })) {
        waiting.push(JSON.parse(line) as string);
        if (waiting.length === textsAtOnce) await drain();
      }
      await drain();
    },
    abandon: () => lines.abandon(),
  };
}

/** The bytes of a .npy file of texts. */
export function textArray(texts: readonly string[]): Uint8Array {
  const width = Math.max(1, ...texts.map((text) => [...text].length));
  return Buffer.concat([textHeader(texts.length, width), codePoints(texts, width)]);
}

function codePoints(texts: readonly string[], width: number): Uint8Array {
  const points = new Uint32Array(texts.length * width);
  for (const [i, text] of texts.entries())
    points.set(
      Array.from(text, (char) => char.codePointAt(0) as number),
      i * width,
    );
  return new Uint8Array(points.buffer);
}

/** A header of version 1.0, a multiple of 64 bytes long. */
function textHeader(count: number, width: number): Uint8Array {
  const text = `{'descr': '<U${width}', 'fortran_order': False, 'shape': (${count},), }`;
  const length = Math.ceil((10 + text.length + 1) / 64) * 64;
  const bytes = Buffer.alloc(length, " ");
  bytes.set([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0]);
  bytes.writeUInt16LE(length - 10, 8);
  bytes.write(text, 10, "latin1");
  bytes[length - 1] = 0x0a;
  return bytes;
}
