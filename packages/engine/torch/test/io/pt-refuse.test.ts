// Hostile checkpoints: pickles that try to run code, wrong or oversized archives, files cut short.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { scratch } from "../../../../../test/support/scratch.js";
import type { FormatCode } from "../../src/binding/errors.js";
import { decodePt } from "../../src/io/pt/load.js";
import { crc32 } from "../../src/io/zip.js";
import {
  checkpoint,
  concat,
  type Entry,
  fixture,
  latin1,
  storage,
  tensor,
  word,
  zip,
} from "./pt-support.js";

/** What is refused, its code, and what the line says. */
type Refusals = readonly (readonly [input: string | Uint8Array, code: FormatCode, says: RegExp])[];

const pickleOf = (operations: string, protocol = 2) =>
  checkpoint(`\x80${String.fromCharCode(protocol)}${operations}.`, { 0: new Uint8Array(16) });

/** Each row is refused in one line, in little memory. A text is the operations of a pickle in a good archive. */
function refuseAll(table: Refusals) {
  for (const [input, code, says] of table) {
    const before = process.memoryUsage().rss;
    const bytes = typeof input === "string" ? pickleOf(input) : input;
    expect(() => decodePt(bytes, "bad.pt"), says.source).toThrow(
      expect.objectContaining({ code, message: expect.stringMatching(says) }),
    );
    expect(() => decodePt(bytes, "bad.pt")).toThrow(/^bad\.pt: [^\n]*$/);
    expect(process.memoryUsage().rss - before).toBeLessThan(256 * 2 ** 20);
  }
}

it("refuses every name that could run code, and runs none", () => {
  const canary = join(scratch(), "canary");
  const command = word(`touch ${canary}`);
  const init = `(ccollections\nOrderedDict\n${word("__init__")}tR`;
  const names: [operations: string, says: RegExp][] = [
    [`cos\nsystem\n(${command}tR`, /uses os\.system, which is refused/],
    [`cposix\nsystem\n(${command}tR`, /posix\.system/],
    [`csubprocess\nPopen\n(${command}tR`, /subprocess\.Popen/],
    [`cbuiltins\neval\n(${command}tR`, /builtins\.eval/],
    [`c__builtin__\nexec\n(${command}tR`, /__builtin__\.exec/],
    [`\x8c\x02os\x8c\x06system\x93${command}\x85R`, /os\.system/],
    [`c__builtin__\ngetattr\n${init}`, /__builtin__\.getattr/],
    ["ccollections\nOrderedDict.fromkeys\n(tR", /OrderedDict\.fromkeys/],
    ["ctorch.storage\n_load_from_bytes\n(tR", /_load_from_bytes/],
    [`ctorch.serialization\nload\n(${command}tR`, /torch\.serialization\.load/],
    [`ctorch.hub\nload\n(${command}tR`, /torch\.hub\.load/],
    [`crunpy\n_run_code\n(${command}tR`, /runpy\._run_code/],
    ["c__main__\nNet\n)R", /__main__\.Net/],
    ["ctorch.nn.modules.linear\nLinear\n)R", /torch\.nn\.modules\.linear\.Linear/],
    ["cnumpy.core.multiarray\n_reconstruct\n)R", /numpy\.core\.multiarray/],
    ["c__proto__\nconstructor\n)R", /__proto__\.constructor/],
    ["c\ntoString\n)R", /\.toString/],
  ];
  for (const protocol of [2, 4])
    refuseAll(names.map(([code, says]) => [pickleOf(code, protocol), "UnknownName", says]));
  expect(existsSync(canary)).toBe(false);
});

it("refuses operations that plain data do not need", () => {
  const operations = [
    `(${word("x")}ios\nsystem\n`, // INST
    `(ccollections\nOrderedDict\n${word("x")}o`, // OBJ
    "ccollections\nOrderedDict\n)\x81", // NEWOBJ
    "ccollections\nOrderedDict\n)}\x92", // NEWOBJ_EX
    "\x82\x01", // EXT1
    "Pos.system\n", // PERSID
    "\x97", // NEXT_BUFFER
    "C\x01a", // bytes
    "\x8f", // sets
    "I1\n", // decimal numbers
  ];
  const says = /uses operation 0x[0-9a-f]{2} at \d+, which state dicts/;
  refuseAll(operations.map((code) => [code, "InvalidValue", says]));
});

it("refuses pickles that grow", () => {
  const laughs = (levels: number) =>
    `]q\0${Array.from({ length: levels }, () => "](h\0h\0h\0h\0h\0h\0h\0h\0eq\0").join("")}`;
  const cases: [operations: string, says: RegExp][] = [
    [`](${laughs(30)}e`, /describes more than 1000000/],
    [`](${laughs(7)}e`, /describes more than 1000000 values/],
    ["]q\0h\0a", /deeper than 64 levels, or contains itself/],
    ["}q\0K\x01h\0s", /contains itself/],
    [`${"]".repeat(1e5)}${"a".repeat(1e5 - 1)}`, /deeper than 64/],
    [`)${"\x85".repeat(1e5)}`, /deeper than 64/],
    ["(".repeat(1e6), /more steps than it may/],
    ["}".repeat(1e6), /more steps than it may/],
    ["\x8b\xff\xff\xff\x7f", /number of \d+ bytes: expected at most 256/],
  ];
  refuseAll(cases.map(([code, says]) => [code, "OutOfRange", says]));
  const found = decodePt(pickleOf(`](${laughs(3)}e`)) as unknown[][];
  expect(found.map((list, k) => list.flat(Math.max(k - 1, 0)).length)).toEqual([0, 8, 64, 512]);
});

it("refuses tensors that do not fit their storage", () => {
  const ones = Array(65).fill(1);
  const huge = tensor({ shape: [2 ** 40, 2 ** 40], strides: [0, 0] });
  const ints = tensor({ of: storage({ type: "IntStorage" }) });
  const conjugated = `${tensor().slice(0, -2)}}${word("conj")}\x88stR`;
  const bools = tensor({ of: storage({ type: "BoolStorage", numel: 16 }) });
  refuseAll([
    [tensor({ shape: [5] }), "SizeMismatch", /element 4 of storage 0: expected it below 4/],
    [tensor({ shape: [2], strides: [4] }), "SizeMismatch", /reaches element 4/],
    [tensor({ shape: [2, 2] }), "InvalidShape", /described wrongly/],
    [tensor({ shape: [-1] }), "InvalidShape", /described wrongly/],
    [tensor({ offset: -1 }), "InvalidShape", /described wrongly/],
    [tensor({ shape: ones, strides: ones }), "InvalidShape", /described wrongly/],
    [huge, "InvalidShape", /too large to address/],
    [tensor({ shape: [2 ** 40], strides: [0] }), "OutOfRange", /its tensors would take/],
    [tensor({ of: storage({ numel: 5 }) }), "SizeMismatch", /has 16 bytes: expected 20/],
    [tensor({ of: storage({ key: "1" }) }), "UnknownName", /no record a\/data\/1/],
    [tensor({ of: storage({ key: "../../data/0" }) }), "UnknownName", /no record/],
    [tensor({ of: storage({ type: "ComplexFloatStorage" }) }), "UnknownDtype", /ComplexFloat/],
    ["ctorch\nQInt8Storage\n", "UnknownDtype", /QInt8Storage/],
    ["ctorch.storage\nUntypedStorage\n", "UnknownDtype", /UntypedStorage/],
    ["ctorch._utils\n_rebuild_tensor_v3\n", "UnknownDtype", /_rebuild_tensor_v3/],
    [`](${tensor()}${ints}e`, "SizeMismatch", /is float32\[4\] and int32\[4\]/],
    [conjugated, "InvalidValue", /conjugated or negated/],
    [
      checkpoint(`\x80\x02${bools}.`, { 0: new Uint8Array(16).fill(2) }),
      "InvalidValue",
      /bool element 0 is the byte 2/,
    ],
  ]);
});

it("refuses wrong archives", () => {
  const data: Entry = { name: "a/data.pkl", data: latin1(`\x80\x02${tensor()}.`) };
  const zeros: Entry = { name: "a/data/0", data: new Uint8Array(16) };
  const order: Entry = { name: "a/byteorder", data: latin1("middle") };
  const full: Entry = { ...zeros, data: new Uint8Array(16).fill(255), says: { method: 8 } };
  /** An archive with one field of its end overwritten, low bytes first. */
  const patched = (at: number, ...bytes: number[]) => {
    const file = zip([data, zeros]);
    file.set(bytes, file.length - 22 + at);
    return file;
  };
  const wide = (change: (end: number, file: Uint8Array) => void) => {
    const file = zip([data, zeros], { wide: true });
    change(file.length - 22 - 20 + 8, file);
    return file;
  };
  const large = wide((at, file) => {
    file[at + 7] = 1;
  });
  const damaged = /its directory is damaged|ends after \d+ bytes/;
  refuseAll([
    [zip([data, { ...zeros, says: { crc: 1 } }]), "InvalidValue", /another checksum/],
    [zip([data, { ...zeros, says: { size: 15 } }]), "SizeMismatch", /has 15 bytes: expected 16/],
    [zip([data, zeros, zeros]), "DuplicateName", /holds the record a\/data\/0 twice/],
    [zip([data, { ...zeros, says: { flags: 1 } }]), "InvalidValue", /is encrypted/],
    [zip([data, { ...zeros, says: { method: 14 } }]), "InvalidValue", /packed by method 14/],
    [zip([data, full]), "InvalidValue", /does not unpack to its 16 bytes/],
    [zip([data, { ...data, name: "b/data.pkl" }]), "NotThisFormat", /2 records data\.pkl/],
    [zip([zeros]), "NotThisFormat", /0 records data\.pkl/],
    [zip([]), "NotThisFormat", /begins with the bytes/],
    [zip([data, zeros, order]), "InvalidValue", /byte order is "middle"/],
    [fixture("torchscript.pt"), "NotThisFormat", /TorchScript/],
    [patched(10, 3), "InvalidHeader", damaged],
    [patched(20, 1), "IncompleteFile", /without its end/],
    [concat(zip([data, zeros]), Uint8Array.of(0)), "IncompleteFile", /without its end/],
    [large, "InvalidHeader", damaged],
  ]);
});

it("refuses archives that unpack to too much, whatever they say", () => {
  const zeros = new Uint8Array(64 * 2 ** 20);
  const numel = zeros.length / 4;
  const pickle = latin1(`\x80\x02${tensor({ of: storage({ numel }), shape: [numel] })}.`);
  const bomb: Entry = { name: "a/data/0", data: zeros, deflate: true };
  const lie = { ...bomb, says: { size: 16, crc: crc32(new Uint8Array(16)) } };
  const less = { ...bomb, data: new Uint8Array(8), says: { size: 16 } };
  const small = { name: "a/data.pkl", data: latin1(`\x80\x02${tensor()}.`) };
  refuseAll([
    [
      zip([{ name: "a/data.pkl", data: pickle }, bomb]),
      "OutOfRange",
      /its records would take 67\d+ bytes: expected at most 16777216/,
    ],
    [zip([small, lie]), "InvalidValue", /does not unpack to its 16 bytes/],
    [zip([small, less]), "SizeMismatch", /has 8 bytes: expected 16/],
  ]);
});

it("refuses files that are cut anywhere, empty, older, or of another format", () => {
  for (const name of ["zip.pt", "protocol5.pt", "deflated.pt", "nested.pt"]) {
    const bytes = fixture(name);
    for (let k = 0; k < 50; k++) {
      const cut = bytes.subarray(0, Math.floor((k * bytes.length) / 50));
      expect(() => decodePt(cut, name), `${cut.length} bytes`).toThrow(
        expect.objectContaining({ source: name }),
      );
    }
  }
  refuseAll([
    [new Uint8Array(), "NotThisFormat", /expected a zip archive of torch\.save/],
    [latin1("\x80\x02\x8a\x0a\x6c"), "NotThisFormat", /PyTorch before 1\.6 .* save it again/],
    [latin1("PK"), "NotThisFormat", /begins with the bytes \[80,75\]/],
    [latin1("PK\x03\x04"), "IncompleteFile", /without its end/],
    [latin1("\x93NUMPY"), "NotThisFormat", /begins with the bytes/],
  ]);
});
