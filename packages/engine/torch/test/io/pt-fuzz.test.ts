// Damaged checkpoints by the thousand: each is read or refused, in little memory.
import { describe, expect, it } from "vitest";
import { isFormatError } from "../../src/binding/errors.js";
import { decodePt } from "../../src/io/pt/load.js";
import { ZipReader } from "../../src/io/zip.js";
import { fixture, zip } from "./pt-support.js";

const mutations = Number(process.env.PT_MUTATIONS ?? 2000);
const files = ["zip.pt", "protocol5.pt", "deflated.pt", "nested.pt"];

/** Numbers in [0, n), the same for the same seed (xorshift). */
function dice(seed: number): (n: number) => number {
  let state = seed * 2654435761 + 1;
  return (n) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % n;
  };
}

/** One to four changes: bits, bytes, numbers at their ends, pieces cut, doubled or taken from another file. */
function mutate(bytes: Uint8Array, other: Uint8Array, roll: (n: number) => number): Uint8Array {
  let out = bytes.slice();
  for (let changes = 1 + roll(4); changes > 0 && out.length > 1; changes--) {
    const at = roll(out.length);
    const end = Math.min(out.length, at + 1 + roll(40));
    const piece = out.slice(at, end);
    const joined = (...parts: Uint8Array[]) => new Uint8Array(Buffer.concat(parts));
    switch (roll(8)) {
      case 0:
        out[at] ^= 1 << roll(8);
        break;
      case 1:
        out[at] = roll(256);
        break;
      case 2:
        out.fill(
          [0, 1, 0x7f, 0x80, 0xff][roll(5)],
          at,
          Math.min(out.length, at + [1, 2, 4, 8][roll(4)]),
        );
        break;
      case 3:
        out = joined(out.subarray(0, at), out.subarray(end));
        break;
      case 4:
        out = joined(out.subarray(0, end), piece, out.subarray(end));
        break;
      case 5:
        out.set(piece, roll(out.length - piece.length + 1));
        break;
      case 6:
        out = joined(
          out.subarray(0, at),
          other.subarray(roll(other.length)).subarray(0, 64),
          out.subarray(at),
        );
        break;
      default:
        out = roll(4) === 0 ? out.slice(0, at) : out;
    }
  }
  return out;
}

/** The records of an archive, so that a changed one can be put back under a good checksum. */
function records(name: string) {
  const reader = new ZipReader(fixture(name), name);
  return reader.names.map((record) => ({ name: record, data: reader.read(record) }));
}

describe("damaged checkpoints", () => {
  it(
    `${mutations} mutations are read or refused`,
    () => {
      const opened = new Map(files.map((name) => [name, records(name)]));
      const count = { read: 0, refused: 0 };
      const codes = new Set<string>();
      const start = process.memoryUsage().rss;
      let largest = 0;
      for (let seed = 1; seed <= mutations; seed++) {
        const roll = dice(seed);
        for (let i = 0; i < 8; i++) roll(2);
        const name = files[roll(files.length)];
        const other = fixture(files[roll(files.length)]);
        const whole = opened.get(name) as { name: string; data: Uint8Array }[];
        let bytes: Uint8Array;
        if (roll(3) === 0) {
          bytes = mutate(fixture(name), other, roll);
        } else {
          // Behind a good checksum, mostly the pickle.
          const which = roll(4) === 0 ? roll(whole.length) : 0;
          bytes = zip(
            whole.map((record, k) =>
              k === which ? { ...record, data: mutate(record.data, other, roll) } : record,
            ),
          );
        }
        try {
          decodePt(bytes, name);
          count.read++;
        } catch (error) {
          if (!isFormatError(error)) throw new Error(`seed ${seed}`, { cause: error });
          expect(error.message).toMatch(/^[^\n]{1,600}$/);
          codes.add(error.code);
          count.refused++;
        }
        largest = Math.max(largest, process.memoryUsage().rss - start);
      }
      expect(count.read).toBeGreaterThan(mutations / 20);
      expect(count.refused).toBeGreaterThan(mutations / 4);
      // The mutations reach every part of the reader.
      const reached = ["IncompleteFile", "InvalidHeader", "InvalidShape", "InvalidValue"];
      const more = ["NotThisFormat", "SizeMismatch", "UnknownName"];
      expect([...codes]).toEqual(expect.arrayContaining([...reached, ...more]));
      expect(largest).toBeLessThan(256 * 2 ** 20);
      if (process.env.PT_MUTATIONS) console.log(count, [...codes], { largest });
    },
    60_000 + 10 * mutations,
  );
});
