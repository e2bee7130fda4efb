// Checkpoints made by hand: archives with any contents, wrong ones too, and pickles as bytes.
import { readFileSync } from "node:fs";
import { deflateRawSync } from "node:zlib";
import { itemSize, type RawArray } from "../../src/io/raw.js";
import { crc32 } from "../../src/io/zip.js";

/** The bytes of a checkpoint that PyTorch wrote; fixtures/pt/make.py made them. */
export function fixture(name: string): Uint8Array {
  return new Uint8Array(readFileSync(fixturePath(name)));
}

export function fixturePath(name: string): string {
  return new URL(`../fixtures/pt/${name}`, import.meta.url).pathname;
}

/** One character a byte. */
export function latin1(text: string): Uint8Array {
  return Uint8Array.from(text, (char) => char.charCodeAt(0));
}

export function concat(...parts: Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts));
}

/** Numbers of these many bytes each, low bytes first. */
function numbers(...fields: [bytes: 2 | 4 | 8, value: number][]) {
  const bytes = fields.flatMap(([size, value]) => {
    const view = new DataView(new ArrayBuffer(8));
    view.setBigUint64(0, BigInt(value), true);
    return [...new Uint8Array(view.buffer)].slice(0, size);
  });
  return Uint8Array.from(bytes);
}

/** A record, and its description in the directory if that differs. */
export interface Entry {
  name: string;
  data: Uint8Array;
  deflate?: boolean;
  /** Wrong values for the directory. */
  says?: { size?: number; packed?: number; crc?: number; flags?: number; method?: number };
  /** Sizes and place as 64-bit numbers in an extra field. */
  wide?: boolean;
}

/** An archive of these records, with the wrong values that they ask for. */
export function zip(entries: Entry[], { wide = false, comment = "" } = {}): Uint8Array {
  const local: Uint8Array[] = [];
  const directory: Uint8Array[] = [];
  let end = 0;
  for (const { name, data, deflate, says = {}, wide: big } of entries) {
    const packed = deflate ? new Uint8Array(deflateRawSync(data)) : data;
    const method = says.method ?? (deflate ? 8 : 0);
    const crc = says.crc ?? crc32(data);
    const offset = end;
    const head = numbers([4, 0x04034b50], [2, 20], [2, says.flags ?? 0], [2, method], [4, 0]);
    const sizes = numbers([4, crc], [4, packed.length], [4, data.length], [2, name.length], [2, 0]);
    local.push(concat(head, sizes, latin1(name)), packed);
    end += 30 + name.length + packed.length;
    const size = says.size ?? data.length;
    const length = says.packed ?? packed.length;
    const extra = big
      ? numbers([2, 1], [2, 24], [8, size], [8, length], [8, offset])
      : new Uint8Array();
    const most = 0xffffffff;
    directory.push(
      numbers([4, 0x02014b50], [2, 20], [2, 20], [2, says.flags ?? 0], [2, method], [4, 0]),
      numbers([4, crc], [4, big ? most : length], [4, big ? most : size], [2, name.length]),
      numbers([2, extra.length], [2, 0], [2, 0], [2, 0], [4, 0], [4, big ? most : offset]),
      latin1(name),
      extra,
    );
  }
  const table = concat(...directory);
  const count = entries.length;
  const wideEnd = concat(
    numbers([4, 0x06064b50], [8, 44], [2, 45], [2, 45], [4, 0], [4, 0], [8, count], [8, count]),
    numbers([8, table.length], [8, end]),
    numbers([4, 0x07064b50], [4, 0], [8, end + table.length], [4, 1]),
  );
  const last = concat(
    numbers([4, 0x06054b50], [4, 0], [2, wide ? 0xffff : count], [2, wide ? 0xffff : count]),
    numbers(
      [4, wide ? 0xffffffff : table.length],
      [4, wide ? 0xffffffff : end],
      [2, comment.length],
    ),
    latin1(comment),
  );
  return Buffer.concat([...local, table, ...(wide ? [wideEnd] : []), last]);
}

/** A checkpoint of this pickle and these storages, in a good archive. */
export function checkpoint(
  pickle: string | Uint8Array,
  storages: Readonly<Record<string, Uint8Array>> = {},
): Uint8Array {
  const data = typeof pickle === "string" ? latin1(pickle) : pickle;
  return zip([
    { name: "a/data.pkl", data },
    ...Object.entries(storages).map(([key, bytes]) => ({ name: `a/data/${key}`, data: bytes })),
  ]);
}

const int = (value: number) => `\x8a\x08${String.fromCharCode(...numbers([8, value]))}`;
const tuple = (items: number[]) => `(${items.map(int).join("")}t`;
/** A text of fewer than 256 characters. */
export const word = (value: string) => `X${String.fromCharCode(value.length)}\0\0\0${value}`;

/** The storage of a persistent identifier, as a pickle pushes it. */
export function storage({ key = "0", type = "FloatStorage", numel = 4 } = {}): string {
  return `(${word("storage")}ctorch\n${type}\n${word(key)}${word("cpu")}${int(numel)}tQ`;
}

/** A tensor, as a pickle pushes it. */
export function tensor({
  of = storage(),
  offset = 0,
  shape = [4],
  strides = [1],
}: {
  of?: string;
  offset?: number;
  shape?: number[];
  strides?: number[];
} = {}): string {
  const rest = `${int(offset)}${tuple(shape)}${tuple(strides)}\x89ccollections\nOrderedDict\n)R`;
  return `ctorch._utils\n_rebuild_tensor_v2\n(${of}${rest}tR`;
}

const storageNames: Partial<Record<RawArray["dtype"], string>> = {
  float32: "FloatStorage",
  int64: "LongStorage",
};

/** A file as torch.save writes it of a state dict. */
export function stateDictFile(arrays: ReadonlyMap<string, RawArray>): Uint8Array {
  const storages: Record<string, Uint8Array> = {};
  const items = [...arrays].map(([name, { dtype, shape, data }], key) => {
    storages[key] = data;
    const type = storageNames[dtype];
    const of = storage({ key: String(key), type, numel: data.length / itemSize[dtype] });
    const strides = shape.map((_, d) => shape.slice(d + 1).reduce((p, q) => p * q, 1));
    return `${word(name)}${tensor({ of, shape, strides })}`;
  });
  return checkpoint(`\x80\x02}(${items.join("")}u.`, storages);
}
