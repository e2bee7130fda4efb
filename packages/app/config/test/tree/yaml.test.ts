import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readYaml, type Tree, writeYaml } from "../../src/tree.js";
import { expectRefused } from "../thrown.js";

describe("readYaml", () => {
  it("reads YAML 1.2, JSON and nothing", () => {
    expect(readYaml("lr: 1e-4\non: no\nseq: [b, f]")).toEqual({
      lr: 1e-4,
      on: "no",
      seq: ["b", "f"],
    });
    expect(readYaml('{"a": {"b": null}}')).toEqual({ a: { b: null } });
    expect(readYaml("# only a comment\n")).toEqual({});
  });

  it.each([
    ["a: [1", /^conf\/x\.yaml is not valid YAML: .* at line 1, column \d+$/],
    [
      "a: 1\na: 2",
      /^conf\/x\.yaml is not valid YAML: Map keys must be unique at line 2, column 1$/,
    ],
    ["- a", /expected "key: value" lines/],
    ["a: *b", /Unresolved alias/],
    [
      `a: &a [x,x,x,x,x,x,x,x,x,x]\nb: &b [${"*a,".repeat(10)}]\nc: &c [${"*b,".repeat(10)}]\nd: [${"*c,".repeat(10)}]`,
      /alias/,
    ],
  ])("refuses %j in one line", (text, message) => {
    expectRefused(() => readYaml(text, "conf/x.yaml"), message);
  });
});

describe("writeYaml", () => {
  it("writes lists of scalars on one line", () =>
    expect(writeYaml({ seq: ["b", "f"], lr: 1e-4, net: { w: [[1, 2]] } })).toBe(
      "seq: [b, f]\nlr: 0.0001\nnet:\n  w:\n    - [1, 2]\n",
    ));

  it("reads back as it was", () => {
    const scalar = fc.oneof(
      fc.constant(null),
      fc.boolean(),
      fc.double({ noNaN: true, noDefaultInfinity: true }),
      fc.string({ unit: "grapheme" }),
      fc.constantFrom("null", "1e-4", "yes", "- a", "a: b", "#", "[", "'", " x "),
    );
    const tree = fc.dictionary(
      fc.string().filter((key) => key !== "__proto__"),
      fc.oneof(scalar, fc.array(scalar), fc.dictionary(fc.stringMatching(/^[a-z]+$/), scalar)),
    );
    fc.assert(
      fc.property(tree, (value) => {
        expect(readYaml(writeYaml(value))).toEqual(JSON.parse(JSON.stringify(value)) as Tree);
      }),
      { seed: 6, numRuns: 500 },
    );
  });
});
