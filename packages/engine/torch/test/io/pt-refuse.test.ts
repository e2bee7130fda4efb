// Hostile checkpoints: pickles that try to run code, wrong or oversized archives, files cut short.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { scratch } from "../../../../../test/support/scratch.js";
import type { FormatCode } from "../../src/io/errors.js";
import { crc32 } from "../../src/io/pt/crc32.js";
import { decodePt } from "../../src/io/pt/decode.js";
import type { PtLimits } from "../../src/io/pt/limits.js";
import {
  checkpoint,
  concat,
  type Entry,
  fixture,
  latin1,
  legacy,
  storage,
  tensor,
  word,
  zip,
} from "./pt-support.js";

const folder = scratch();

/** Checks the code, that the message is one line, and what it says. */
function refused(bytes: Uint8Array, code: FormatCode, says: RegExp, limits: PtLimits = {}): void {
  const before = process.memoryUsage().rss;
  const started = performance.now();
  expect(() => decodePt(bytes, "bad.pt", { limits })).toThrow(
    expect.objectContaining({ name: "FormatError", code, message: expect.stringMatching(says) }),
  );
  expect(() => decodePt(bytes, "bad.pt", { limits })).toThrow(/^bad\.pt: [^\n]*$/);
  expect(performance.now() - started).toBeLessThan(10_000);
  expect(process.memoryUsage().rss - before).toBeLessThan(256 * 2 ** 20);
}

const pickled = (operations: string, protocol = 2) =>
  checkpoint(`\x80${String.fromCharCode(protocol)}${operations}.`, { 0: new Uint8Array(16) });

describe("code in a pickle", () => {
  const canary = () => join(folder, "canary");
  const command = () => word(`touch ${canary()}`);
  const cases: [operations: () => string, named: RegExp][] = [
    [() => `cos\nsystem\n(${command()}tR`, /uses os\.system, which is refused/],
    [() => `cposix\nsystem\n(${command()}tR`, /posix\.system/],
    [() => `csubprocess\nPopen\n(${command()}tR`, /subprocess\.Popen/],
    [() => `cbuiltins\neval\n(${command()}tR`, /builtins\.eval/],
    [() => `c__builtin__\nexec\n(${command()}tR`, /__builtin__\.exec/],
    [() => `\x8c\x02os\x8c\x06system\x93${command()}\x85R`, /os\.system/],
    [
      () => `c__builtin__\ngetattr\n(ccollections\nOrderedDict\n${word("__init__")}tR`,
      /__builtin__\.getattr/,
    ],
    [() => "ccollections\nOrderedDict.fromkeys\n(tR", /OrderedDict\.fromkeys/],
    [() => "ctorch.storage\n_load_from_bytes\n(tR", /_load_from_bytes/],
    [() => `ctorch.serialization\nload\n(${command()}tR`, /torch\.serialization\.load/],
    [() => `ctorch.hub\nload\n(${command()}tR`, /torch\.hub\.load/],
    [() => `crunpy\n_run_code\n(${command()}tR`, /runpy\._run_code/],
    [() => "c__main__\nNet\n)R", /__main__\.Net/],
    [() => "ctorch.nn.modules.linear\nLinear\n)R", /torch\.nn\.modules\.linear\.Linear/],
    [() => "cnumpy.core.multiarray\n_reconstruct\n)R", /numpy\.core\.multiarray/],
    [() => "c__proto__\nconstructor\n)R", /__proto__\.constructor/],
    [() => "c\ntoString\n)R", /\.toString/],
  ];

  for (const [operations, named] of cases)
    it(`${named.source}`, () => {
      refused(pickled(operations()), "UnknownName", named);
      refused(pickled(operations(), 4), "UnknownName", named);
      refused(legacy(operations(), []), "UnknownName", named);
      expect(existsSync(canary())).toBe(false);
    });

  const operations: [what: string, operations: string][] = [
    ["INST", `(${word("x")}ios\nsystem\n`],
    ["OBJ", `(ccollections\nOrderedDict\n${word("x")}o`],
    ["NEWOBJ", "ccollections\nOrderedDict\n)\x81"],
    ["NEWOBJ_EX", "ccollections\nOrderedDict\n)}\x92"],
    ["EXT1", "\x82\x01"],
    ["PERSID", "Pos.system\n"],
    ["NEXT_BUFFER", "\x97"],
    ["bytes", "C\x01a"],
    ["sets", "\x8f"],
    ["decimal numbers", "I1\n"],
  ];
  it.each(operations)("the operation %s", (_, code) => {
    refused(
      pickled(code),
      "InvalidValue",
      /uses operation 0x[0-9a-f]{2} at \d+, which state dicts/,
    );
  });

  const wrong: [what: string, operations: string, says: RegExp][] = [
    ["BUILD on a dictionary", `}}${word("a")}Nsb`, /sets attributes of an object/],
    ["BUILD on a list", "]}b", /sets attributes/],
    ["BUILD on a function", `ccollections\nOrderedDict\n}(${word("a")}Nub`, /sets attributes/],
    ["BUILD with slots", "ccollections\nOrderedDict\n)R(N}tb", /sets attributes/],
    ["REDUCE of text", `${word("os.system")})R`, /no function of the allowed/],
    ["REDUCE of a storage's class", "ctorch\nFloatStorage\n)R", /no function of the allowed/],
    ["REDUCE of a dtype", "ctorch\nfloat32\n)R", /no function of the allowed/],
    ["REDUCE with a list", "ccollections\nOrderedDict\n]R", /without a tuple/],
    ["OrderedDict of pairs", "ccollections\nOrderedDict\n(]tR", /arguments that it does not take/],
    ["torch.Size of a number", "ctorch\nSize\n(K\x01tR", /arguments/],
    ["torch.device of a number", "ctorch\ndevice\n(K\x01tR", /arguments/],
    ["a parameter of nothing", "ctorch._utils\n_rebuild_parameter\n(N\x89NtR", /arguments/],
    ["a class as a value", "ctorch\nFloatStorage\n", /holds a class/],
    ["a function as a value", "](ccollections\nOrderedDict\ne", /holds a class/],
    ["a bare storage", storage(), /bare storage/],
    ["a module's source", `(${word("module")}NNNtQ`, /refers to a module outside/],
    ["a number outside the pickle", "(K\x01NNNtQ", /refers to something outside/],
    ["keys that are lists", "}](K\x01es", /looks at an empty stack/],
    ["keys that are tuples", "}(K\x01K\x02\x86Nu", /dictionary key/],
    ["half an item", "}(K\x01u", /sets items of/],
    ["items of a list", "](K\x01Nu", /sets items of/],
    ["an append to a tuple", "K\x01\x85Na", /appends to what is no list/],
    ["an append to nothing", "Na", /takes from an empty stack|looks at an empty stack/],
    ["a missing mark", "t", /mark/],
    ["a memo that was not filled", "h\x05", /recalls value 5/],
    ["a memo of nothing", "q\x01", /empty stack/],
    ["two values", "NN", /leaves more than one value/],
    ["an open mark", "(N", /leaves more than one value/],
    ["no value", "", /empty stack/],
    ["names that are numbers", "K\x01K\x02\x93", /names a class by what is no text/],
    ["text that is no UTF-8", "X\x01\0\0\0\xff", /no UTF-8/],
    ["a name without an end", `cos\n${"x".repeat(1000)}`, /names a class in/],
  ];
  it.each(wrong)("%s", (_, code, says) => {
    refused(pickled(code), "InvalidValue", says);
  });
});

describe("a pickle with a wrong end", () => {
  it("in a length beyond its end", () => {
    for (const code of [
      "X\xff\xff\xff\x7f",
      "\x8d\0\0\0\0\0\0\0\x10",
      "\x95\xff\0\0\0\0\0\0\0",
      "\x8a\xff",
      "J",
      "c",
    ]) {
      refused(checkpoint(`\x80\x02${code}`), "IncompleteFile", /its pickle needs \d+ bytes at \d+/);
    }
    refused(checkpoint("\x80\x02N"), "IncompleteFile", /its pickle needs 1 bytes/);
  });

  it("in no pickle, another protocol, or more after its end", () => {
    for (const text of ["", "\x80", "N.", "\x80\x01N.", "\x80\x06N.", "(lp0\n."]) {
      refused(checkpoint(text), "InvalidHeader", /no pickle of protocol 2 to 5/);
    }
    refused(checkpoint("\x80\x02N.N"), "SizeMismatch", /1 bytes follow its pickle/);
  });
});

describe("a pickle that grows", () => {
  const laughs = (levels: number) =>
    `]q\0${Array.from({ length: levels }, () => "](h\0h\0h\0h\0h\0h\0h\0h\0eq\0").join("")}`;
  const cases: [what: string, operations: string, says: RegExp][] = [
    [
      "lists of the same lists of the same lists",
      `](${laughs(30)}e`,
      /describes more than 1000000/,
    ],
    ["a list that holds itself", "]q\0h\0a", /deeper than 64 levels, or contains itself/],
    ["a dictionary that holds itself", "}q\0K\x01h\0s", /contains itself/],
    ["100,000 lists in each other", `${"]".repeat(1e5)}${"a".repeat(1e5 - 1)}`, /deeper than 64/],
    ["100,000 tuples in each other", `)${"\x85".repeat(1e5)}`, /deeper than 64/],
    ["a million marks", "(".repeat(1e6), /more steps than it may/],
    ["a million dictionaries", "}".repeat(1e6), /more steps than it may/],
    ["a number of 2^31 bytes", "\x8b\xff\xff\xff\x7f", /number of \d+ bytes: expected at most 256/],
  ];
  it.each(cases)("%s", (_, code, says) => {
    refused(pickled(code), "OutOfRange", says);
  });

  it("lists shared often are counted each time", () => {
    // 8 lists of 8 lists …: 8^7 of them from 70 operations.
    refused(pickled(`](${laughs(7)}e`), "OutOfRange", /describes more than 1000000 values/);
    const found = decodePt(pickled(`](${laughs(3)}e`)) as unknown[][];
    expect(found.map((list, k) => list.flat(Math.max(k - 1, 0)).length)).toEqual([0, 8, 64, 512]);
  });

  it("up to limits that its reader sets", () => {
    const deep = pickled(`${"]".repeat(10)}${"a".repeat(9)}`);
    expect(decodePt(deep)).toEqual([[[[[[[[[[]]]]]]]]]]);
    refused(deep, "OutOfRange", /deeper than 5 levels/, { maxDepth: 5 });
    refused(pickled("](NNNNe"), "OutOfRange", /more steps than it may/, { maxValues: 3 });
    expect(() => decodePt(deep, "x", { limits: { maxDepth: Number.NaN } })).toThrow(
      /limit maxDepth of NaN: expected numbers of at least 0/,
    );
    expect(() => decodePt(deep, "x", { limits: { depth: 1 } as PtLimits })).toThrow(/limit depth/);
  });
});

describe("a wrong tensor", () => {
  const cases: [code: FormatCode, operations: string, says: RegExp][] = [
    ["SizeMismatch", tensor({ shape: [5] }), /reaches element 4 of storage 0: expected it below 4/],
    ["SizeMismatch", tensor({ offset: 4, shape: [1] }), /reaches element 4/],
    ["SizeMismatch", tensor({ shape: [2], strides: [4] }), /reaches element 4/],
    ["InvalidShape", tensor({ shape: [2, 2] }), /described wrongly/],
    ["InvalidShape", tensor({ shape: [-1] }), /described wrongly/],
    ["InvalidShape", tensor({ strides: [-1] }), /described wrongly/],
    ["InvalidShape", tensor({ offset: -1 }), /described wrongly/],
    [
      "InvalidShape",
      tensor({ shape: Array(65).fill(1), strides: Array(65).fill(1) }),
      /described wrongly/,
    ],
    [
      "InvalidShape",
      tensor({ shape: [2 ** 40, 2 ** 40], strides: [0, 0] }),
      /too large to address/,
    ],
    ["OutOfRange", tensor({ shape: [2 ** 40], strides: [0] }), /its tensors would take/],
    ["SizeMismatch", tensor({ of: storage({ numel: 5 }) }), /storage 0 has 16 bytes: expected 20/],
    [
      "SizeMismatch",
      tensor({ of: storage({ type: "DoubleStorage" }) }),
      /expected 32 for float64\[4\]/,
    ],
    ["UnknownName", tensor({ of: storage({ key: "1" }) }), /no record a\/data\/1/],
    ["UnknownName", tensor({ of: storage({ key: "../../data/0" }) }), /no record/],
    [
      "UnknownDtype",
      tensor({ of: storage({ type: "ComplexFloatStorage" }) }),
      /ComplexFloatStorage: expected one of float32/,
    ],
    ["UnknownDtype", "ctorch\nQInt8Storage\n", /QInt8Storage/],
    ["UnknownDtype", "ctorch.storage\nUntypedStorage\n", /UntypedStorage/],
    ["UnknownDtype", "ctorch._utils\n_rebuild_tensor_v3\n", /_rebuild_tensor_v3/],
    ["InvalidShape", tensor({ of: "N" }), /described wrongly/],
    [
      "SizeMismatch",
      `](${tensor()}${tensor({ of: storage({ type: "IntStorage" }) })}e`,
      /is float32\[4\] and int32\[4\]/,
    ],
    ["InvalidValue", `${tensor().slice(0, -2)}}${word("conj")}\x88stR`, /conjugated or negated/],
  ];
  for (const [code, operations, says] of cases)
    it(`${code}: ${says.source}`, () => refused(pickled(operations), code, says));

  it("expanded a little more than its reader allows", () => {
    const thousand = pickled(tensor({ shape: [1000, 1000], strides: [0, 0] }));
    expect((decodePt(thousand) as { data: Uint8Array }).data.length).toBe(4e6);
    refused(thousand, "OutOfRange", /4000000 bytes: expected at most 3000000/, { maxBytes: 3e6 });
  });

  it("of bools that are neither", () => {
    const operations = tensor({ of: storage({ type: "BoolStorage", numel: 16 }) });
    const bytes = checkpoint(`\x80\x02${operations}.`, { 0: new Uint8Array(16).fill(2) });
    refused(bytes, "InvalidValue", /bool element 0 is the byte 2/);
  });
});

describe("a wrong archive", () => {
  const data: Entry = { name: "a/data.pkl", data: latin1(`\x80\x02${tensor()}.`) };
  const zeros: Entry = { name: "a/data/0", data: new Uint8Array(16) };
  const other: Entry = { name: "a/data/1", data: new Uint8Array(16) };
  const lies: [code: FormatCode, bytes: Uint8Array, says: RegExp][] = [
    ["InvalidValue", zip([data, { ...zeros, says: { crc: 1 } }]), /another checksum/],
    [
      "SizeMismatch",
      zip([data, { ...zeros, says: { size: 15 } }]),
      /stored in 16 bytes: expected its size, 15/,
    ],
    [
      "InvalidOffset",
      zip([data, { ...zeros, says: { size: 900, packed: 900 } }]),
      /reaches into what follows/,
    ],
    ["InvalidOffset", zip([data, zeros, { ...other, at: 1 }]), /reaches into/],
    ["DuplicateName", zip([data, zeros, zeros]), /holds the record a\/data\/0 twice/],
    ["InvalidHeader", zip([data, { ...zeros, localName: "a/data/9" }]), /a header that differs/],
    ["InvalidValue", zip([data, { ...zeros, name: "a/../../b" }]), /named "a\/\.\.\/\.\.\/b"/],
    ["InvalidValue", zip([data, { ...zeros, name: "/etc/passwd" }]), /named "\/etc/],
    ["InvalidValue", zip([data, { ...zeros, name: "c:\\x" }]), /named "c:/],
    ["InvalidValue", zip([data, { ...zeros, name: "" }]), /named ""/],
    ["InvalidValue", zip([data, { ...zeros, says: { flags: 1 } }]), /is encrypted/],
    ["InvalidValue", zip([data, { ...zeros, says: { method: 14 } }]), /packed by method 14/],
    [
      "InvalidValue",
      zip([data, { ...zeros, data: new Uint8Array(16).fill(255), says: { method: 8 } }]),
      /does not unpack to its 16 bytes/,
    ],
    ["NotThisFormat", zip([data, { ...data, name: "b/data.pkl" }]), /2 records data\.pkl/],
    ["NotThisFormat", zip([zeros]), /0 records data\.pkl/],
    ["NotThisFormat", zip([]), /begins with the bytes/],
    [
      "InvalidValue",
      zip([data, zeros, { name: "a/byteorder", data: latin1("middle") }]),
      /byte order is "middle"/,
    ],
    ["NotThisFormat", fixture("torchscript.pt"), /TorchScript/],
  ];
  for (const [code, bytes, says] of lies)
    it(`${code}: ${says.source}`, () => refused(bytes, code, says));

  /** An archive with one field of its end overwritten, low bytes first. */
  const patched = (at: number, ...bytes: number[]) => {
    const file = zip([data, zeros]);
    file.set(bytes, file.length - 22 + at);
    return file;
  };
  it("about its directory", () => {
    refused(patched(10, 3), "InvalidHeader", /its end gives/);
    refused(patched(8, 3, 0, 3), "InvalidHeader", /cannot hold|directory/);
    refused(patched(8, 1, 0, 1), "InvalidHeader", /bytes after the last record/);
    refused(patched(4, 1), "InvalidHeader", /in one file/);
    refused(patched(12, 1), "InvalidHeader", /right before/);
    refused(patched(16, 1), "InvalidHeader", /right before/);
    refused(patched(20, 1), "IncompleteFile", /without its end/);
    refused(concat(zip([data, zeros]), Uint8Array.of(0)), "IncompleteFile", /without its end/);
    const wide = zip([data, zeros], { wide: true });
    wide[wide.length - 22 - 20 + 8 + 7] = 1;
    refused(wide, "InvalidHeader", /less than 2\^53/);
    wide[wide.length - 22 - 20 + 8 + 7] = 0;
    wide[wide.length - 22 - 20 + 8] ^= 1;
    refused(wide, "InvalidHeader", /no 64-bit end/);
  });

  it("about how long its local headers are", () => {
    const file = zip([data, zeros]);
    // The length of the extra field, 28 bytes into the second record.
    file[30 + data.name.length + data.data.length + 28] = 1;
    refused(file, "InvalidOffset", /the record a\/data\/0 reaches into what follows/);
  });

  it("about how many records it has", () => {
    refused(zip([data, zeros]), "OutOfRange", /2 records: expected at most 1/, { maxRecords: 1 });
    const many = Array.from({ length: 300 }, (_, k) => ({ name: `n${k}`, data: new Uint8Array() }));
    refused(zip([data, zeros, ...many]), "OutOfRange", /302 records/, { maxRecords: 300 });
  });
});

describe("an archive that unpacks to too much", () => {
  const megabytes = 64;
  const zeros = new Uint8Array(megabytes * 2 ** 20);
  const numel = zeros.length / 4;
  const data: Entry = {
    name: "a/data.pkl",
    data: latin1(`\x80\x02${tensor({ of: storage({ numel }), shape: [numel] })}.`),
  };
  const bomb: Entry = { name: "a/data/0", data: zeros, deflate: true };

  it("and says so: nothing is unpacked", () => {
    const bytes = zip([data, bomb]);
    expect(bytes.length).toBeLessThan(100_000);
    refused(bytes, "OutOfRange", /its records would take 67\d+ bytes: expected at most 16777216/);
    const started = process.memoryUsage().rss;
    expect(() => decodePt(bytes)).toThrow();
    expect(process.memoryUsage().rss - started).toBeLessThan(16 * 2 ** 20);
    const trusted = decodePt(bytes, "x", { limits: { maxRatio: 1100 } });
    expect(trusted).toMatchObject({ dtype: "float32", shape: [numel] });
  });

  it("and does not say so: unpacking stops at what it says", () => {
    const small = { ...data, data: latin1(`\x80\x02${tensor()}.`) };
    const lie = { ...bomb, says: { size: 16, crc: crc32(new Uint8Array(16)) } };
    refused(zip([small, lie]), "InvalidValue", /does not unpack to its 16 bytes/);
    // Less than it says is no better.
    const less = { ...bomb, data: new Uint8Array(8), says: { size: 16 } };
    refused(zip([small, less]), "SizeMismatch", /unpacks to 8 bytes: expected 16/);
  });

  it("in its pickle", () => {
    const pickle = { ...data, data: new Uint8Array(65 * 2 ** 20).fill(0x4e), deflate: true };
    refused(zip([pickle]), "OutOfRange", /its pickle has 68157440 bytes/, { maxRatio: 2000 });
  });
});

describe("a legacy file", () => {
  const data = new Uint8Array(Float32Array.of(1, 2, 3, 4).buffer);
  const value = tensor({ of: storage({ legacy: true }) });
  const good = legacy(value, [["0", data, 4]]);

  it("is read where it is good", () => {
    expect(decodePt(good)).toEqual({ dtype: "float32", shape: [4], data });
  });

  it("is refused where it is none", () => {
    refused(latin1("\x80\x02N."), "NotThisFormat", /without torch\.save's magic number/);
    const cyclic = latin1("\x80\x02]q\0h\0a.");
    refused(cyclic, "NotThisFormat", /magic number/);
    const other = good.slice();
    // The version is the two bytes after the second pickle's head.
    other[good.indexOf(0x4d) + 1] ^= 1;
    refused(other, "NotThisFormat", /version 1000 of its format/);
  });

  it("is refused where its storages are not those of its tensors", () => {
    refused(legacy(value, []), "UnknownName", /has no storage 0/);
    refused(legacy(value, [["1", data, 4]]), "InvalidValue", /lists the storage 1/);
    refused(
      legacy(value, [
        ["0", data, 4],
        ["0", data, 4],
      ]),
      "InvalidValue",
      /lists the storage 0/,
    );
    refused(legacy(value, [["0", data, 8]]), "SizeMismatch", /has 2 elements: expected 4/);
    refused(concat(good, Uint8Array.of(0)), "SizeMismatch", /expected \d+ from its storages/);
    refused(good.subarray(0, -1), "IncompleteFile", /expected \d+ from its storages/);
    const view = `(${word("storage")}ctorch\nFloatStorage\n${word("0")}${word("cpu")}K\x04)tQ`;
    refused(legacy(tensor({ of: view }), [["0", data, 4]]), "InvalidValue", /a whole storage/);
  });
});

describe("a file cut short", () => {
  const files = ["zip.pt", "legacy.pt", "protocol5.pt", "deflated.pt", "big.pt", "nested.pt"];
  it.each(files)("%s at every fiftieth of its length", (name) => {
    const bytes = fixture(name);
    for (let k = 0; k < 50; k++) {
      const cut = bytes.subarray(0, Math.floor((k * bytes.length) / 50));
      expect(() => decodePt(cut, name), `${cut.length} bytes`).toThrow(
        expect.objectContaining({ name: "FormatError" }),
      );
    }
  });

  it("or empty, or something else", () => {
    refused(new Uint8Array(), "NotThisFormat", /expected a file of torch\.save/);
    refused(latin1("PK"), "NotThisFormat", /begins with the bytes \[80,75\]/);
    refused(latin1("PK\x03\x04"), "IncompleteFile", /without its end/);
    refused(latin1("\x93NUMPY"), "NotThisFormat", /begins with the bytes/);
  });
});
