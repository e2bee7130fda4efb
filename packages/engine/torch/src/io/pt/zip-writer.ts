// Writes a zip archive as torch.save lays it out: records stored as they are, each beginning at a
// multiple of 64 bytes, so that a reader can map them.
import { FormatError } from "../errors.js";
import { crc32 } from "./crc32.js";
import { viewOf } from "./source.js";

/** Every record begins at a multiple of this. */
const alignment = 64;
const localLength = 30;
const recordLength = 46;
const endLength = 22;
/** Names are UTF-8. */
const utf8 = 0x800;
/** 1 January 1980, the first date that a zip archive can hold. */
const date = 0x21;

/**
 * The bytes of an archive with these records, in this order.
 *
 * Throws `OutOfRange` where it would have 4 GiB or more, or 65,535 records or more.
 */
export function writeZip(records: readonly (readonly [string, Uint8Array])[]): Uint8Array {
  const entries = records.map(([name, data]) => ({ name: new TextEncoder().encode(name), data }));
  let end = 0;
  const places = entries.map(({ name, data }) => {
    const offset = end;
    // The padding is an extra field, whose own header has four bytes.
    const least = offset + localLength + name.length + 4;
    const start = Math.ceil(least / alignment) * alignment;
    end = start + data.length;
    return { offset, start };
  });
  const directory = end;
  for (const { name } of entries) end += recordLength + name.length;
  const length = end + endLength;
  if (length >= 2 ** 32 || entries.length >= 0xffff) {
    throw new FormatError(
      "OutOfRange",
      "pt",
      `${entries.length} tensors in ${length} bytes: expected fewer than 65,535 in less than 4 GiB; write safetensors instead`,
    );
  }
  const bytes = new Uint8Array(length);
  let at = directory;
  entries.forEach(({ name, data }, k) => {
    const { offset, start } = places[k]!;
    const crc = crc32(data);
    const common = (view: DataView, from: number) => {
      view.setUint16(from, 20, true);
      view.setUint16(from + 2, utf8, true);
      view.setUint16(from + 8, date, true);
      view.setUint32(from + 10, crc, true);
      view.setUint32(from + 14, data.length, true);
      view.setUint32(from + 18, data.length, true);
      view.setUint16(from + 22, name.length, true);
    };
    const local = viewOf(bytes.subarray(offset, start));
    const padding = start - offset - localLength - name.length;
    local.setUint32(0, 0x04034b50, true);
    common(local, 4);
    local.setUint16(28, padding, true);
    bytes.set(name, offset + localLength);
    // "FB", the number that PyTorch gives its padding.
    local.setUint16(localLength + name.length, 0x4246, true);
    local.setUint16(localLength + name.length + 2, padding - 4, true);
    bytes.set(data, start);
    const record = viewOf(bytes.subarray(at, at + recordLength));
    record.setUint32(0, 0x02014b50, true);
    record.setUint16(4, 20, true);
    common(record, 6);
    record.setUint32(42, offset, true);
    bytes.set(name, at + recordLength);
    at += recordLength + name.length;
  });
  const last = viewOf(bytes.subarray(at));
  last.setUint32(0, 0x06054b50, true);
  last.setUint16(8, entries.length, true);
  last.setUint16(10, entries.length, true);
  last.setUint32(12, at - directory, true);
  last.setUint32(16, directory, true);
  return bytes;
}
