// biome-ignore-all lint/suspicious/noTemplateCurlyInString: ${…} is the syntax under test
import { expect, it } from "vitest";
import type { Tree } from "../../src/text/value.js";
import { interpolate } from "../../src/tree/interpolate.js";
import { readYaml } from "../../src/tree/yaml.js";
import { expectRefused } from "../thrown.js";

it.each([
  ["keeps the type of a whole reference", "a: 5, b: '${a}'", "a: 5, b: 5"],
  ["writes into text", "a: 1e-4, n: x, b: '${n}_${a}'", "a: 1e-4, n: x, b: x_0.0001"],
  ["follows chains", "a: '${b}', b: '${c.d}', c: {d: [1]}", "a: [1], b: [1], c: {d: [1]}"],
  ["counts list items", "a: '${l.1}', l: [1, '${a2}'], a2: 7", "a: 7, l: [1, 7], a2: 7"],
  ["a null reference is a value", "a: '${b}', b: null", "a: null, b: null"],
  ["leaves other dollars alone", "a: '$5 {x} $x'", "a: '$5 {x} $x'"],
])("%s", (_, text, out) => {
  expect(interpolate(readYaml(`{${text}}`))).toEqual(readYaml(`{${out}}`));
});

it.each<Tree>([
  { a: "${b}" },
  { a: "${a}" },
  { a: "${b}", b: "x${c}", c: "${a}" },
  { l: ["${l}", "${l}"] },
  { a: "${constructor}" },
])("refuses %j", (tree) => {
  expectRefused(() => interpolate(tree), /points nowhere, or to itself/, "reference");
});
