import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseValues } from "../../src/overrides.js";
import { printValue, type Value } from "../../src/tree.js";
import { expectRefused, thrownError } from "../thrown.js";

describe("one value", () => {
  const table: [text: string, value: Value][] = [
    ["null", null],
    ["NULL", null],
    ["true", true],
    ["False", false],
    ["5", 5],
    ["-3", -3],
    ["+3", 3],
    ["10_000", 10_000],
    ["1e-4", 1e-4],
    [".001", 0.001],
    ["-.5", -0.5],
    ["2.", 2],
    ["1.5E+3", 1500],
    ["inf", Number.POSITIVE_INFINITY],
    ["-Inf", Number.NEGATIVE_INFINITY],
    ["nan", Number.NaN],
    ["  a b  ", "a b"],
    ["", ""],
    ["   ", ""],
    ["''", ""],
    ["'5'", "5"],
    ['"null"', "null"],
    ["'a,b'", "a,b"],
    ["' a '", " a "],
    ["'it\\'s'", "it's"],
    ['"say \\"x\\""', 'say "x"'],
    ["'a\\b\\\\c'", "a\\b\\\\c"],
    ["'a\\\\'", "a\\"],
    ["[]", []],
    ["[b]", ["b"]],
    ["['b','f']", ["b", "f"]],
    ["[ b , f ]", ["b", "f"]],
    ["[[1,2],[],[a,[null]]]", [[1, 2], [], ["a", [null]]]],
    ["{}", {}],
    ["{a:1}", { a: 1 }],
    ["{a: 1, b: {c: [x, .5]}}", { a: 1, b: { c: ["x", 0.5] } }],
    ["{a:b:c}", { a: "b:c" }],
    ["{'a b':1,2:x}", { "a b": 1, "2": "x" }],
  ];
  const unchanged = [
    ...["007", "1.2.3", "1__0", "0x10", "9007199254740993", "dsbm", "constructor", "a b", "1 2"],
    ...["cuda:0", "a=b=c", "/tmp/x-1.0/*.npy", "C:\\data"],
  ].map((text): [string, Value] => [text, text]);
  it.each([...table, ...unchanged])("%s", (text, value) =>
    expect(parseValues(text)).toEqual([value]),
  );
});

it.each<[text: string, values: Value[]]>([
  ["5,20,50", [5, 20, 50]],
  ["[b], [b,f]", [["b"], ["b", "f"]]],
  ["'a,b',c", ["a,b", "c"]],
])("the values of a sweep: %s", (text, values) => expect(parseValues(text)).toEqual(values));

describe("unreadable overrides", () => {
  const table: [text: string, message: RegExp][] = [
    ["[b", /expected "," or "\]", got the end at character 5/],
    ["[b]]", /expected "," or the end, got "\]"/],
    ["1,,2", /expected a value .* got ","/],
    ["1,", /expected a value .* got the end/],
    ["[1,]", /expected a value .* got "\]"/],
    ["'a", /expected a closing '/],
    ["'a\\'", /expected a closing '/],
    ["'a'b", /got "b"/],
    ["it's", /got "'"/],
    ["a(b", /expected .* got "\("/],
    ["{a}", /":" after the key/],
    ["{a:1", /"," or "}"/],
    ["{:1}", /expected a key/],
    ["[".repeat(100_000), /at most 64 nested brackets/],
  ];
  it.each(table)("%s", (text, message) => {
    const read = () => parseValues(text, `x=${text}`);
    expectRefused(read, message, "syntax");
    expect(thrownError(read).message.length).toBeLessThan(500);
  });
});

describe("printing", () => {
  const key = fc.string({ unit: "binary" }).filter((k) => k !== "__proto__");
  const tricky = fc.constantFrom("null", "5", "1e-4", "inf", " a", "a,b", "\\'", "x\\", "");
  const { value } = fc.letrec<{ value: Value }>((tie) => ({
    value: fc.oneof(
      { maxDepth: 4 },
      fc.constant(null),
      fc.boolean(),
      fc.integer(),
      fc.double(),
      fc.string({ unit: "binary" }),
      fc.string({ unit: fc.constantFrom(..."\\'\",:[]{}() $ab1.e-") }),
      tricky,
      fc.array(tie("value"), { maxLength: 4 }),
      fc.dictionary(fc.oneof(key, tricky), tie("value"), { maxKeys: 4, noNullPrototype: true }),
    ),
  }));

  it("gives text that parses back to the same value, alone and in a sweep", () => {
    fc.assert(
      fc.property(value, value, (a, b) => {
        expect(parseValues(printValue(a))).toEqual([a]);
        const both = `${printValue(a)},${printValue(b)}`;
        expect(parseValues(both)).toEqual([a, b]);
      }),
      { seed: 1, numRuns: 2000 },
    );
  });

  it("is canonical: any spelling prints the same text", () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(..."ab1.e-_+ :'\\[],{}") }), (text) => {
        let parsed: Value[];
        try {
          parsed = parseValues(text);
        } catch (error) {
          expect((error as Error).name).toBe("ConfigError");
          return;
        }
        const printed = parsed.map(printValue).join(",");
        expect(parseValues(printed)).toEqual(parsed);
      }),
      { seed: 2, numRuns: 5000 },
    );
  });
});
