// Mapped .npy files: the same elements as read ones, little memory, and a file that is never written to.
import {
  closeSync,
  ftruncateSync,
  openSync,
  readFileSync,
  unlinkSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { collectGarbage } from "../../../../../test/support/collect.js";
import { scratch } from "../../../../../test/support/scratch.js";
import {
  arange,
  Generator,
  io,
  memory,
  randn,
  setNumThreads,
  tensor,
  tidy,
} from "../../src/index.js";
import { mapNpy } from "../../src/io/map.js";
import { npyHeader } from "../../src/io/npy-header.js";

beforeAll(() => setNumThreads(1));
const folder = scratch();

const saveBytes = (name: string, bytes: Uint8Array) => {
  const path = join(folder, name);
  writeFileSync(path, bytes);
  return path;
};

/** A file of 0, 1, 2, … as float32. */
const countingFile = (n: number) => tidy(() => io.encodeNpy(arange(0, n)));

/** Bytes of this process in memory because of mapped files or allocated memory. */
const resident = () => {
  const text = readFileSync("/proc/self/status", "utf8");
  return Number(/VmRSS:\s+(\d+) kB/.exec(text)![1]) * 1024;
};
const isMapped = (path: string) => readFileSync("/proc/self/maps", "utf8").includes(path);

describe("mapNpy", () => {
  it.each(["float32", "int64", "bool"] as const)("gives the elements of a file of %s", (dtype) => {
    tidy(() => {
      for (const shape of [[5, 2, 3], [7], [], [0, 4], [3, 0]]) {
        const t = randn(shape, { generator: Generator.create(3) })
          .mul(9)
          .to(dtype);
        const found = mapNpy(saveBytes("some.npy", io.encodeNpy(t)));
        expect([found.dtype, found.shape]).toEqual([dtype, shape]);
        expect(found.rawArray()).toEqual(t.rawArray());
      }
    });
  });
  it("keeps only the touched pages of a large file in memory", () => {
    const [n, width] = [100_000, 1024];
    const path = join(folder, "large.npy");
    const header = npyHeader("float32", [n, width]);
    const handle = openSync(path, "w");
    writeSync(handle, header);
    // A hole: 400 MB that take no place on the disk.
    ftruncateSync(handle, header.length + 4 * n * width);
    const row = Float32Array.from({ length: width }, (_, k) => k);
    writeSync(handle, row, 0, 4 * width, header.length + 4 * width * 77_777);
    closeSync(handle);
    const before = resident();
    const table = mapNpy(path);
    tidy(() => {
      const index = tensor(BigInt64Array.of(3n, 77_777n, 99_999n));
      const rows = table.indexSelect(0, index);
      expect(rows.sum([1]).toNumbers()).toEqual([0, (width * (width - 1)) / 2, 0]);
      const some = arange(0, n, { step: n / 100, dtype: "int64" });
      expect(table.indexSelect(0, some).shape).toEqual([100, width]);
    });
    // Each row that is touched may bring its neighbours along, not the file.
    expect(resident() - before).toBeLessThan(60 * 2 ** 20);
    table.dispose();
    unlinkSync(path);
  });

  it("lives until it and its views are disposed of, even if the file is deleted", async () => {
    await collectGarbage();
    const live = memory().live;
    const path = saveBytes("short-lived.npy", countingFile(4096));
    const whole = mapNpy(path);
    const view = whole.narrow(0, 4000, 96);
    expect(memory().live).toBe(live + 2);
    expect(isMapped(path)).toBe(true);
    unlinkSync(path);
    whole.dispose();
    expect(isMapped(path)).toBe(true);
    expect(tidy(() => view.sum().item())).toBe((96 * (4000 + 4095)) / 2);
    view.dispose();
    expect(isMapped(path)).toBe(false);
    expect(memory().live).toBe(live);
  });

  it("never writes to its file", () => {
    const path = saveBytes("private.npy", countingFile(8));
    const bytes = readFileSync(path);
    tidy(() => {
      const t = mapNpy(path);
      t.mul_(10);
      expect(t.toNumbers()).toEqual([0, 10, 20, 30, 40, 50, 60, 70]);
      expect(mapNpy(path).toNumbers()).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
    });
    expect(readFileSync(path)).toEqual(bytes);
  });
});

describe("mapNpy refuses", () => {
  const code = (code: string, source: string) => expect.objectContaining({ code, source });

  /** A file with this dictionary as its header, and nothing after it. */
  const file = (name: string, dictionary: string, data: number, end = 128) => {
    const head = Buffer.from(dictionary.padEnd(end - 11).concat("\n"), "latin1");
    const magic = Buffer.from("\x93NUMPY\x01\0", "latin1");
    const length = Buffer.of(head.length & 255, head.length >> 8);
    return saveBytes(name, Buffer.concat([magic, length, head, Buffer.alloc(data)]));
  };
  const header = (descr: string, shape: string, fortran = "False") =>
    `{'descr': '${descr}', 'fortran_order': ${fortran}, 'shape': ${shape}, }`;

  it("elements that need a conversion", () => {
    const big = file("big.npy", header(">f4", "(2, 3)"), 24);
    expect(() => mapNpy(big)).toThrow(code("InvalidValue", big));
    expect(() => mapNpy(big)).toThrow(
      /are big-endian: expected them little-endian in C order; convert it/,
    );
    const fortran = file("fortran.npy", header("<f4", "(2, 3)", "True"), 24);
    expect(() => mapNpy(fortran)).toThrow(/are in Fortran order: expected/);
    const unaligned = file("unaligned.npy", header("<f8", "(3,)"), 24, 122);
    expect(() => mapNpy(unaligned)).toThrow(/are not aligned: expected/);
    // If it makes no difference, it is none.
    const bytes = file("bytes.npy", header(">u1", "(3,)", "True"), 3, 121);
    expect(tidy(() => mapNpy(bytes).toNumbers())).toEqual([0, 0, 0]);
  });
});
