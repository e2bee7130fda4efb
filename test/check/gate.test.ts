// The rules of `npm run check` on shape, docstrings and names: each finds what it should, and nothing else.
import { expect, it } from "vitest";
import { readDocstrings } from "../../scripts/gate/docstrings.mjs";
import {
  compareWithExceptions,
  formatExceptions,
  parseExceptions,
  shrinkExceptions,
} from "../../scripts/gate/exceptions.mjs";
import { findBareNames } from "../../scripts/gate/names.mjs";
import { functionsOf, measureShape } from "../../scripts/gate/shape.mjs";
import { readTitles } from "../../scripts/gate/titles.mjs";
import { countSource } from "../../scripts/gate/tokens.mjs";
import { parse } from "../../scripts/gate/tree.mjs";

const unit = (text: string, file = "packages/library/nets/src/a.ts") => ({
  file,
  text,
  source: parse(file, text),
});

it("a function of 61 lines is too long, and one of 60 is not", () => {
  const textOf = (lines: number) => `function f() {\n${"a();\n".repeat(lines - 2)}}\n`;
  expect([...measureShape([unit(textOf(60))]).functions]).toEqual([]);
  expect([...measureShape([unit(textOf(61))]).functions]).toEqual([
    ["packages/library/nets/src/a.ts: f", 61],
  ]);
});

it("a file of 301 lines is too long", () => {
  const sizes = [300, 301].map((lines) => measureShape([unit("a();\n".repeat(lines))]).files.size);
  expect(sizes).toEqual([0, 1]);
});

it.each<[text: string, nesting: number]>([
  ["function f() { if (a) { for (;;) { b(); } } }", 2],
  ["function f() { if (a) b(); else if (c) d(); else e(); }", 1],
  ["function f() { rows.map((row) => { if (row) a(); }); }", 2],
  ["function f() { rows.map((row) => row.map((x) => x)); }", 0],
  ["function f() { try { while (a) { switch (b) { case 1: if (c) d(); } } } catch {} }", 4],
])("%s has %i levels", (text, nesting) => {
  expect(functionsOf(unit(text))[0].nesting).toBe(nesting);
});

it("each test is a function, and describe is none", () => {
  const text = `describe("a", () => {\n  it("b", () => {\n    if (c) d();\n  });\n});\n`;
  expect(functionsOf(unit(text, "a.test.ts"))).toEqual([{ name: "a › b", lines: 3, nesting: 1 }]);
});

it("functions of classes and of other functions have the names of their owners", () => {
  const text = "class A { constructor() {} m() { const g = () => { h(); }; } }";
  const names = functionsOf(unit(text)).map(({ name }) => name);
  expect(names).toEqual(["A › constructor", "A › m", "A › m › g"]);
});

it.each([
  ["export const a = 1;", ["a"]],
  ["/** A. */\nexport const a = 1;", []],
  ["const a = 1;\nexport { a };", ["a"]],
  ["/** A. */\nexport class A { b() {} #c() {} private d() {} dispose() {} }", ["A.b"]],
  ["/** A with `b`. */\nexport class A { b() {} }", []],
  ["interface I { b(): void }\n/** A. */\nexport class A implements I { b() {} c() {} }", ["A.c"]],
  ["class Module {}\n/** A. */\nexport class A extends Module { conv1 = 1; }", []],
])("%j has exports without docstring: %j", (text, names) => {
  expect(readDocstrings([unit(text)]).docstrings.silent.map(({ name }) => name)).toEqual(names);
});

it.each([
  ["/** A. */\nexport function a(x: Tensor) {}", "shapes", 1],
  ["/** A of x [B, d]. */\nexport function a(x: Tensor) {}", "shapes", 0],
  ["/** A. */\nexport function a(): Tensor[] {}", "shapes", 1],
  ["/** A. */\nexport function a(x: number) {}", "shapes", 0],
  ["/** A. */\nexport function a() { throw new Error(); }", "throws", 1],
  ["/** A.\n * @throws {Error} if b */\nexport function a() { throw new Error(); }", "throws", 0],
  ["/** A. */\nexport function a() { try { b(); } catch (e) { throw e; } }", "throws", 0],
] as const)("%j: silent on %s: %i", (text, rule, count) => {
  expect(readDocstrings([unit(text)])[rule].silent).toHaveLength(count);
});

it.each([
  ["const least = 1;", ["least"]],
  ["const leastShareOfSpread = 1;", []],
  ["function seeded() {}", ["seeded"]],
  ["const seed = 1, { wide, b: [far] } = c;", ["wide", "far"]],
  ["function close() {} function f() { const most = 1; }", []],
  ["const close = 1;", ["close"]],
])("the bare names of %j are %j", (text, names) => {
  const places = [...findBareNames([unit(text, "a.ts")]).keys()];
  expect(places).toEqual(names.map((name) => `a.ts: ${name}`));
});

it("a title in dialect is found, whatever the call", () => {
  const text = `it.each([1])("that goes on %i", f);\ndescribe("a", () => test("b is c", f));`;
  const { parts, silent } = readTitles([unit(text, "a.test.ts")]);
  expect([parts, silent.length]).toEqual([3, 1]);
});

it("imports and re-exports are no code tokens", () => {
  const text = `import { a } from "b";\nexport * from "c";\n`;
  expect(countSource(unit(text)).tokens).toBe(0);
  expect(countSource(unit("export { a };")).tokens).toBe(5);
});

it("exceptions allow what they name, and only shrink", () => {
  const exceptions = parseExceptions("files 400 a.ts\nfiles 350 b.ts\nfiles 320 a.ts\n").files;
  expect(exceptions).toEqual({ "a.ts": 320, "b.ts": 350 });
  const excess = new Map([
    ["a.ts", 330],
    ["b.ts", 340],
    ["c.ts", 301],
  ]);
  expect(compareWithExceptions(excess, exceptions)).toEqual({
    above: [
      { place: "a.ts", size: 330, allowed: 320 },
      { place: "c.ts", size: 301, allowed: undefined },
    ],
    loose: [{ place: "b.ts", recorded: 350, size: 340 }],
  });
  const shrunken = shrinkExceptions({ files: excess }, { files: { ...exceptions, "d.ts": 500 } });
  expect(formatExceptions(shrunken)).toBe("files 320 a.ts\nfiles 340 b.ts\n");
});
