// Checkpoints as torch.save lays them out; that PyTorch reads them is shown by `npm run check:pytorch`.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { beforeAll, beforeEach, describe, expect } from "vitest";
import { collectGarbage } from "../../../../../test/support/collect.js";
import { it } from "../../../../../test/support/in-scope.js";
import { scratch } from "../../../../../test/support/scratch.js";
import {
  arange,
  Generator,
  io,
  liveTensors,
  nn,
  Parameter,
  randn,
  setNumThreads,
  type Tensor,
  tensor,
  tidy,
} from "../../src/index.js";
import { decodePt } from "../../src/io/pt/decode.js";
import { withDefaults } from "../../src/io/pt/limits.js";
import { encodePt, type PtInput } from "../../src/io/pt/pickle.js";
import { BytesSource } from "../../src/io/pt/source.js";
import { readDirectory } from "../../src/io/pt/zip-directory.js";
import { ZipReader } from "../../src/io/pt/zip-reader.js";
import { writeZip } from "../../src/io/pt/zip-writer.js";
import { type DType, itemSize, type RawArray } from "../../src/io/raw.js";
import { fixturePath, latin1 } from "./pt-support.js";

// Live tensors are counted.
beforeEach(collectGarbage);

beforeAll(() => setNumThreads(1));
const folder = scratch();

const record = (bytes: Uint8Array, name: string) =>
  new ZipReader(new BytesSource(bytes, "x"), withDefaults({}, "x")).read(name);

describe("encodePt", () => {
  it("writes the records of torch.save, each at a multiple of 64 bytes, stored", () => {
    const bytes = tidy(() =>
      encodePt(
        new Map([
          ["weight", arange(0, 100)],
          ["bias", arange(0, 3, { dtype: "uint8" })],
        ]),
      ),
    );
    const directory = readDirectory(new BytesSource(bytes, "x"), 100);
    const records = ["data.pkl", "byteorder", "data/0", "data/1", "version"];
    expect([...directory.keys()]).toEqual(records.map((name) => `archive/${name}`));
    const view = new DataView(bytes.buffer);
    for (const { offset, method, size, packed } of directory.values()) {
      const start =
        offset + 30 + view.getUint16(offset + 26, true) + view.getUint16(offset + 28, true);
      expect([start % 64, method, size]).toEqual([0, 0, packed]);
    }
    expect(record(bytes, "archive/version")).toEqual(latin1("3\n"));
    expect(record(bytes, "archive/byteorder")).toEqual(latin1("little"));
    expect(record(bytes, "archive/data/1")).toEqual(Uint8Array.of(0, 1, 2));
  });

  it("writes the operations of protocol 2", () => {
    const pickle = (value: PtInput) => record(encodePt(value), "archive/data.pkl");
    expect(pickle(null)).toEqual(latin1("\x80\x02N."));
    expect(pickle([true, 255, 256, -1, 1.5])).toEqual(
      latin1("\x80\x02](\x88K\xffM\0\x01J\xff\xff\xff\xffG\x3f\xf8\0\0\0\0\0\0e."),
    );
    expect(pickle({ a: 2 ** 31 })).toEqual(
      latin1("\x80\x02}(X\x01\0\0\0ar\0\0\0\0\x8a\x05\0\0\0\x80\0u."),
    );
    expect(pickle(new Map([["é", "é"]]))).toEqual(
      latin1(
        "\x80\x02ccollections\nOrderedDict\nr\0\0\0\0)R(X\x02\0\0\0\xc3\xa9r\x01\0\0\0j\x01\0\0\0u.",
      ),
    );
    const tensors = tidy(() => pickle(tensor([[1, 2]])));
    expect(tensors).toEqual(
      latin1(
        "\x80\x02ctorch._utils\n_rebuild_tensor_v2\nr\0\0\0\0((X\x07\0\0\0storager\x01\0\0\0" +
          "ctorch\nFloatStorage\nr\x02\0\0\0X\x01\0\0\x000r\x03\0\0\0X\x03\0\0\0cpur\x04\0\0\0K\x02tQ" +
          "K\0(K\x01K\x02t(K\x02K\x01t\x89ccollections\nOrderedDict\nr\x05\0\0\0)RtRr\x06\0\0\0.",
      ),
    );
  });

  it("gives back any values", () => {
    const key = fc.oneof(
      fc.string({ unit: "binary" }).filter((s) => !/\p{Surrogate}/u.test(s)),
      fc.integer(),
    );
    const scalar = fc.oneof(
      fc.constant(null),
      fc.boolean(),
      fc.integer(),
      fc.maxSafeInteger(),
      fc.double(),
      fc
        .bigInt({ min: -(2n ** 200n), max: 2n ** 200n })
        .filter((x) => !Number.isSafeInteger(Number(x))),
      fc.string({ unit: "grapheme" }),
    );
    const { value } = fc.letrec<{ value: unknown }>((tie) => ({
      value: fc.oneof(
        { maxDepth: 4 },
        scalar,
        fc.array(tie("value"), { maxLength: 4 }),
        fc
          .uniqueArray(fc.tuple(key, tie("value")), { maxLength: 4, selector: ([k]) => k })
          .map((e) => new Map(e)),
      ),
    }));
    fc.assert(
      fc.property(value, (given) => {
        expect(decodePt(encodePt(given as PtInput))).toEqual(given);
      }),
      { seed: 61, numRuns: 100 },
    );
  });

  it("gives back tensors of every type and shape, views included", () => {
    const shapes = [[], [0], [3], [2, 0, 3], [2, 3, 4]];
    const generator = Generator.create(7);

    for (const dtype of Object.keys(itemSize) as DType[]) {
      for (const shape of shapes) {
        const t = randn(shape, { generator }).mul(50).to(dtype);
        const views = shape.length === 3 ? [t, t.transpose(0, 2), t.narrow(2, 1, 2)] : [t];
        const found = decodePt(encodePt(views)) as RawArray[];
        for (const [k, array] of found.entries()) expect(array).toEqual(io.toRaw(views[k]!));
      }
    }
  });

  it("writes a tensor that occurs twice once, and a parameter as a plain tensor", () => {
    const p = new Parameter(tensor([1, 2]));
    const bytes = encodePt({ a: p, b: [p], c: p.detach() });
    const { a, b, c } = Object.fromEntries(decodePt(bytes) as Map<string, RawArray>);
    expect((b as unknown as RawArray[])[0]).toBe(a);
    expect(c).toEqual(a);
    expect(c).not.toBe(a);
    p.dispose();
  });

  it("takes a network's state to another network, through a file", () => {
    const before = liveTensors();
    tidy(() => {
      const [from, to] = [1, 2].map((seed) => {
        const generator = Generator.create(seed);
        return new nn.Sequential(
          new nn.Linear(3, 5, { generator }),
          new nn.SiLU(),
          new nn.Linear(5, 2, { generator }),
        );
      }) as [nn.Sequential, nn.Sequential];
      const path = join(folder, "net.pt");
      writeFileSync(path, encodePt({ epoch: 2, state_dict: from.stateDict() }));
      const x = randn([4, 3]);
      expect(to.forward(x).toNumbers()).not.toEqual(from.forward(x).toNumbers());
      to.loadStateDict(io.loadStateDict(path));
      expect(to.forward(x).toNumbers()).toEqual(from.forward(x).toNumbers());
      from.dispose();
      to.dispose();
    });
    expect(liveTensors()).toBe(before);
  });

  it("writes again what PyTorch wrote", () => {
    const first = io.loadPt(fixturePath("nested.pt"));
    const again = decodePt(encodePt(first as PtInput));
    const plain = (value: unknown): unknown =>
      value instanceof Map
        ? new Map([...value].map(([k, item]) => [k, plain(item)]))
        : Array.isArray(value)
          ? value.map(plain)
          : typeof value === "object" && value !== null && "disposed" in value
            ? io.toRaw(value as Tensor)
            : value;
    expect(again).toEqual(plain(first));
  });

  it("refuses what no checkpoint holds", () => {
    const code = (code: string) => expect.objectContaining({ code });
    const wrong: unknown[] = [
      undefined,
      () => 1,
      Symbol("x"),
      new Date(0),
      new Set([1]),
      Uint8Array.of(1),
      [undefined],
    ];
    for (const value of wrong)
      expect(() => encodePt(value as PtInput)).toThrow(code("InvalidValue"));
    const cycle: PtInput[] = [];
    cycle.push(cycle);
    expect(() => encodePt(cycle)).toThrow(/nests deeper than 64 levels, or contains itself/);
    expect(() => encodePt("\ud800")).toThrow(code("InvalidValue"));
    expect(() => encodePt(2n ** 4000n)).toThrow(/a number of 501 bytes/);
    const gone = tensor([1]);
    gone.dispose();
    expect(() => encodePt([gone])).toThrow(code("ERR_TORCH_DISPOSED"));
  });

  it("refuses more than a zip archive without 64-bit sizes holds", () => {
    const none = new Uint8Array();
    const many = Array.from({ length: 65_535 }, (_, k) => [`${k}`, none] as const);
    expect(() => writeZip(many)).toThrow(expect.objectContaining({ code: "OutOfRange" }));
  });
});
