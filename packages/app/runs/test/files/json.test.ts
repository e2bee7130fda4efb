// JSON of run files: NaN and infinities come back, and so do texts that read like them.
import { fromJson, toJson } from "@dsbm/runs";
import fc from "fast-check";
import { expect, it } from "vitest";

const word = fc.constantFrom("NaN", "Infinity", "-Infinity", "\\NaN", "\\\\Infinity", "null", "");
const number = fc.constantFrom(Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 1.5);

it("a column named NaN stays a text, and the number NaN a number", () => {
  const value = { names: ["NaN", "-Infinity"], mean: [Number.NaN, Number.NEGATIVE_INFINITY] };
  expect(fromJson(toJson(value), "data.json")).toEqual(value);
  // As earlier versions wrote numbers.
  expect(fromJson('["NaN", "Infinity"]', "f")).toEqual([Number.NaN, Number.POSITIVE_INFINITY]);
});

it("every value comes back", () => {
  const leaf = fc.oneof(word, number, fc.string(), fc.boolean(), fc.constant(null));
  fc.assert(
    fc.property(fc.array(fc.dictionary(fc.oneof(word, fc.string()), leaf)), (value) => {
      const plain = value.map((one) => ({ ...one }));
      expect(fromJson(toJson(plain), "f")).toEqual(plain);
    }),
  );
});
