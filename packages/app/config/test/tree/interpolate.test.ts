// biome-ignore-all lint/suspicious/noTemplateCurlyInString: ${…} is the syntax under test
import { describe, expect, it } from "vitest";
import type { Tree } from "../../src/text/value.js";
import { interpolate } from "../../src/tree/interpolate.js";
import { readYaml } from "../../src/tree/yaml.js";
import { expectRefused } from "../thrown.js";

describe("interpolate", () => {
  it.each([
    ["keeps the type of a whole reference", "a: 5, b: '${a}'", "a: 5, b: 5"],
    ["writes into text", "a: 1e-4, n: x, b: '${n}_${a}'", "a: 1e-4, n: x, b: x_0.0001"],
    [
      "writes null and booleans",
      "a: null, c: true, b: '${a},${c}'",
      "a: null, c: true, b: 'null,true'",
    ],
    ["follows chains", "a: '${b}', b: '${c.d}', c: {d: [1]}", "a: [1], b: [1], c: {d: [1]}"],
    [
      "takes mappings with references",
      "a: '${b}', b: {c: '${d}'}, d: 1",
      "a: {c: 1}, b: {c: 1}, d: 1",
    ],
    ["counts list items", "a: '${l.1}', l: [1, '${a2}'], a2: 7", "a: 7, l: [1, 7], a2: 7"],
    ["a null reference is a value", "a: '${b}', b: null, c: '${a}'", "a: null, b: null, c: null"],
    ["allows blanks", "a: 1, b: '${ a }'", "a: 1, b: 1"],
    ["keeps an escaped one", "a: '\\${b}', c: 'x\\${y}${d}', d: 1", "a: '${b}', c: 'x${y}1', d: 1"],
    ["does not read what it wrote", "a: '\\${b}', c: '<${a}>'", "a: '${b}', c: '<${b}>'"],
    ["leaves other dollars alone", "a: '$5 {x} $x'", "a: '$5 {x} $x'"],
  ])("%s", (_, text, out) => {
    const tree = readYaml(`{${text}}`);
    const before = structuredClone(tree);
    expect(interpolate(tree)).toEqual(readYaml(`{${out}}`));
    expect(tree).toEqual(before);
  });

  it.each<[Tree, string, RegExp]>([
    [{ a: "${b}" }, "reference", /^a: \$\{b\} points nowhere: did you mean "a"\?$/],
    [
      { x: { y: "${n.widht}" }, n: { width: 1 } },
      "reference",
      /^x\.y: .* did you mean "n\.width"\?$/,
    ],
    [{ long: "${other}" }, "reference", /it is not in the configuration/],
    [{ a: "${a}" }, "cycle", /a -> a$/],
    [{ a: "${b}", b: "x${c}", c: "${a}" }, "cycle", /a -> b -> c -> a$/],
    [{ a: { b: "${a}" } }, "cycle", /a\.b -> a\.b$/],
    [{ l: ["${l}"] }, "cycle", /l\.0 -> l\.0$/],
    [{ a: "x${b}", b: [1] }, "reference", /\$\{b\} is \[1\]: expected text or a number/],
    [
      { a: "${oc.env:HOME}" },
      "reference",
      /cannot read "\$\{oc\.env:HOME\}": expected a reference/,
    ],
    [{ a: "${b + 1}", b: 1 }, "reference", /expected a reference/],
    [{ a: "${b", b: 1 }, "reference", /expected a reference/],
    [{ a: "${${b}}", b: "c", c: 1 }, "reference", /expected a reference/],
    [{ a: "${}" }, "reference", /expected a reference/],
    [{ a: "${constructor}" }, "reference", /points nowhere/],
  ])("refuses %j", (tree, code, message) => {
    expectRefused(() => interpolate(tree), message, code);
  });
});
