import { flatten, resolve, train } from "@dsbm/config";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { overrideDirname } from "../../src/folder-name.js";
import {
  expandSweep,
  type Override,
  parseArguments,
  parseOverride,
  printOverrides,
} from "../../src/overrides.js";
import { expectRefused, thrownError } from "../thrown.js";

describe("parseOverride", () => {
  it.each<[token: string, override: Omit<Override, "text">]>([
    [" dim = 1 ", { key: "dim", values: [1] }],
    ["a.b.c=1", { key: "a.b.c", values: [1] }],
    ["+x.y=1", { key: "x.y", values: [1] }],
    ["++x=1", { key: "x", values: [1] }],
    ["name=", { key: "name", values: [""] }],
    ["fb_sequence=[b]", { key: "fb_sequence", values: [["b"]] }],
    ["dim=5,20", { key: "dim", values: [5, 20] }],
    [
      "data.where=a in (1, 2) and b == 'x'",
      { key: "data.where", values: ["a in (1, 2) and b == 'x'"] },
    ],
    ["data.where='b == \"x\"'", { key: "data.where", values: ['b == "x"'] }],
    ["data.where=null", { key: "data.where", values: [null] }],
  ])("%s", (token, override) => expect(parseOverride(token)).toMatchObject(override));

  it.each([
    ["dim", /no "="; write dim=…/],
    ["=5", /got the key ""/],
    ["a..b=1", /got the key "a\.\.b"/],
    ["+++a=1", /got the key "\+a"/],
    ["a b=1", /got the key "a b"/],
    ["__proto__.x=1", /got the key "__proto__\.x"/],
    ["a\nb=1", /cannot read "a\\nb=1"/],
    ["ab=[1", /at character 6/],
  ])("refuses %j", (token, message) => {
    expectRefused(() => parseOverride(token), message, "syntax");
  });
});

it.each([
  ["data.source=1E2", "data.source", "1E2"],
  ["data.source=100", "data.source", "100"],
  ["data.target=1.0", "data.target", "1.0"],
  ["data.source=True", "data.source", "True"],
  ["data.keep=[NaN,1e3]", "data.keep", ["NaN", "1e3"]],
  ["data.exclude=Infinity,2", "data.exclude", ["Infinity", "2"]],
  ["data.range=true", "data.range", true],
  ["data.integer=null", "data.integer", null],
])("names and cells stay as they are written: %s", (word, key, expected) => {
  const words = [word, ...(key.startsWith("data.s") ? ["data.split_by=g", "data.target=x"] : [])];
  const more = key === "data.target" ? ["data.split_by=g", "data.source=x"] : [];
  const [member] = resolve(train, ["dataset=vectors", ...words, ...more]).members;
  expect(flatten(member!.config)[key]).toEqual(expected);
  // The printed overrides give the same values.
  expect(resolve(train, member!.words).members[0]!.config).toEqual(member!.config);
});

describe("parseArguments", () => {
  it("takes switches anywhere among the overrides", () => {
    expect(parseArguments(["dim=5,20", "-m", "--help"])).toEqual({
      overrides: [{ key: "dim", values: [5, 20], text: "5,20" }],
      multirun: true,
      help: true,
      all: false,
    });
    expect(parseArguments(["--help=all"])).toMatchObject({ help: false, all: true });
  });

  it.each([
    ["dim", /cannot read "dim": expected key=value/],
    ["--multirnu", /^unknown option "--multirnu": did you mean --multirun\?$/],
    ["--lr=1", /^unknown option "--lr=1": settings have no dashes: write lr=1$/],
    ["--data.split_by=a", /settings have no dashes: write data.split_by=a$/],
    ["--cfg", /settings are written key=value/],
  ])("names the first argument that cannot be read: %s", (token, message) =>
    expect(() => parseArguments(["seed=1", token])).toThrow(message),
  );
});

const expand = (words: string[], multirun = true) =>
  expandSweep(words.map(parseOverride), { multirun }).map((member) =>
    printOverrides(member).join(" "),
  );

describe("expandSweep", () => {
  it.each<[words: string[], members: string[]]>([
    [
      ["dim=5,20", "a=1", "seed=1,2"],
      ["dim=5 a=1 seed=1", "dim=5 a=1 seed=2", "dim=20 a=1 seed=1", "dim=20 a=1 seed=2"],
    ],
    [["seq=[b],[b,f]"], ["seq=[b]", "seq=[b,f]"]],
    [["seed=1,1,01,1.0,2"], ["seed=1", "seed=01", "seed=2"]],
    [
      ["dim=5,20", "seed=1", "dim=50,60"],
      ["seed=1 dim=50", "seed=1 dim=60"],
    ],
    [[], [""]],
  ])("%j", (words, members) => expect(expand(words)).toEqual(members));

  it("asks for -m for a list without it, and refuses sweeps without end", () => {
    expect(expand(["dim=5", "seq=[b,f]"], false)).toEqual(["dim=5 seq=[b,f]"]);
    const error = thrownError(() => expand(["seed=1", "data.target=after, late"], false));
    expect(error.code).toBe("sweep");
    expect(error.message).toMatch(
      /add -m .*, write "data.target=\[after, late\]" for one list, or "data.target='after, late'" for text/,
    );
    const many = [...Array(101).keys()].join();
    expectRefused(() => expand([`a=${many}`, `b=${many}`]), /10201 members/, "sweep");
  });
});

describe("overrideDirname", () => {
  const name = (...words: string[]) =>
    overrideDirname(expandSweep(words.map(parseOverride), { multirun: false })[0] ?? {}, ["seed"]);

  it.each([
    [["model_name=dsb", "dim=5", "seed=3"], /^dim=5,model_name=dsb$/],
    [["+x=1", "++y=2"], /^x=1,y=2$/],
    [["seed=3"], /^defaults$/],
    [["lr=.0001", "dim=+5"], /^dim=5,lr=0.0001$/],
    [["fb_sequence=['b','f']", "lr=1e-4"], /^fb_sequence=b,f,lr=0.0001-[0-9a-f]{8}$/],
    [["data=/tmp/a b.npy"], /^data=a-b.npy-[0-9a-f]{8}$/],
    [["x=%2F"], /^x=-2F-[0-9a-f]{8}$/],
    [["x='a\nb'"], /^x=a-b-[0-9a-f]{8}$/],
    [[`x=${"y".repeat(62)}`], /^x=y{62}$/],
    [
      [
        "batch_size=32",
        "cache_npar=128",
        "data.n_test=100",
        "data.n_train=300",
        "method=dbdsb",
        "dataset=moons",
      ],
      /^dataset=moons,method=dbdsb,batch_size=32,cache_npar=128-[0-9a-f]{8}$/,
    ],
  ])("%j", (words, expected) => expect(name(...words)).toMatch(expected));

  it("is one path segment, safe in shells and addresses, and differs for different values", () => {
    const value = fc.string({ unit: "grapheme", maxLength: 300 });
    fc.assert(
      fc.property(value, value, (a, b) => {
        const [nameA = "", nameB = ""] = [a, b].map((x) => overrideDirname({ x }, []));
        expect(Buffer.byteLength(nameA)).toBeLessThanOrEqual(200);
        expect(nameA).toMatch(/^[\p{L}\p{N}_.,=+-]+$/u);
        expect(decodeURIComponent(new URL(`file:///${nameA}`).pathname)).toBe(`/${nameA}`);
        expect(nameA === nameB).toBe(a === b);
      }),
      { seed: 7, numRuns: 1000 },
    );
  });
});
