// Tables of text: quotes, line ends, delimiters, and numbers in the notations of several countries.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { openRows, type ReadOptions } from "@dsbm/data";
import { expect, it } from "vitest";
import { readAll, testFolders } from "../files.js";

const folder = testFolders();

function file(name: string, content: Uint8Array | string): string {
  const path = join(folder(), name);
  writeFileSync(path, content);
  return path;
}

const quotedText = 'id,x,y\n007,0.5,1\n"a,b",-2e3,NA\n"say ""hi""",3,\n';

it.each([
  ["t.csv", quotedText, 0],
  ["t.csv.gz", gzipSync(quotedText), 0],
  ["t.csv", `\ufeff${quotedText}`, 0],
  ["t.csv", quotedText.replaceAll("\n", "\r\n"), 0],
  ["t.csv", quotedText.replace(/\n$/, ""), 0],
  ["t.csv", quotedText.replaceAll(",", ";").replace("a;b", "a,b"), 1],
  ["t.tsv", quotedText.replaceAll(",", "\t").replace("a\tb", "a,b"), 0],
  ["t.csv", quotedText.replaceAll(",", "\t").replace("a\tb", "a,b"), 1],
])(
  "%s reads the same whatever quotes, marks, line ends and delimiters",
  async (name, content, notes) => {
    const request = { numbers: ["y", "x"], texts: ["id"] };
    const { numbers, texts, source } = await readAll(file(name, content), request);
    expect(texts).toEqual([["007", "a,b", 'say "hi"']]);
    expect(numbers).toEqual([
      [1, Number.NaN, Number.NaN],
      [0.5, -2000, 3],
    ]);
    expect(source.columns.map(({ kind }) => kind)).toEqual(["text", "number", "number"]);
    expect(source.notes).toHaveLength(notes);
    if (notes > 0) expect(source.notes[0]).toMatch(/separated by (semicolons|tabs)$/);
  },
);

it("takes decimal commas only on request, and says so", async () => {
  const path = file("t.csv", 'x;y\n"1,5";2\n-,25;3\n1,5e2;4\n');
  const plainly = await openRows(path);
  const example = { row: 0, text: "1,5", hint: "comma", isAmongNumbers: false };
  expect(plainly.columns[0]).toEqual({ name: "x", kind: "text", example });
  const { numbers, source } = await readAll(path, { numbers: ["x", "y"] }, { decimal: "," });
  expect(numbers).toEqual([
    [1.5, -0.25, 150],
    [2, 3, 4],
  ]);
  expect(source.notes.join()).toMatch(/decimal commas/);
});

it.each<[string, ReadOptions, (number | "text")[]]>([
  ["1.234", {}, [1.234]],
  ["1.234", { decimal: "," }, ["text"]],
  ["1.234 1.234.567,8 -12 999,5", { decimal: ",", thousands: "." }, [1234, 1234567.8, -12, 999.5]],
  ["12.34 1.2345 1.23,4", { decimal: ",", thousands: "." }, ["text", "text", "text"]],
  ["1,234 1,234.5 0.5 1,23", { thousands: "," }, [1234, 1234.5, 0.5, "text"]],
  ["1'234 1’234.5 1''234", { thousands: "'" }, [1234, 1234.5, "text"]],
  ["1\u00a0234 12\u202f345\u202f678 1\u00a023", { thousands: "space" }, [1234, 12345678, "text"]],
  ["true FALSE True yes", { booleans: true }, [1, 0, 1, "text"]],
  ["true", {}, ["text"]],
  ["n.d. -999 -999.0 NA 1", { na: ["n.d.", "-999"] }, [NaN, NaN, NaN, NaN, 1]],
  ["0x10 -0b1 1e3", {}, ["text", "text", 1000]],
])("the cells %s with %j are %j", async (texts, options, expected) => {
  for (const [i, cell] of texts.split(" ").entries()) {
    const path = file("t.tsv", `a\tb\n${cell}\t1\n`);
    const { columns } = await openRows(path, options);
    const number = async () => (await readAll(path, { numbers: ["a"] }, options)).numbers[0][0];
    expect(columns[0].kind === "text" ? "text" : await number()).toEqual(expected[i]);
  }
});

it("an empty line of one column is a row without a value, except at the ends of the file", async () => {
  const one = await readAll(file("t.csv", "\n\na\n1\n\n2\n\n\n"), { numbers: ["a"] });
  expect(one.numbers).toEqual([[1, Number.NaN, 2]]);
  const quoted = await readAll(file("t.csv", 'a\n1\n""\n'), { numbers: ["a"] });
  expect(quoted.numbers).toEqual([[1, Number.NaN]]);
  const two = await readAll(file("t.csv", "a,b\n1,2\n\n3,4\n"), { numbers: ["a"] });
  expect(two.numbers).toEqual([[1, 3]]);
});

it("names the columns of a file without names", async () => {
  const path = file("t.csv", "1,2\n3,4\n");
  await expect(openRows(path)).rejects.toThrow(/first line holds numbers .*data.header=false/);
  const { numbers } = await readAll(path, { numbers: ["c1"] }, { header: false });
  expect(numbers).toEqual([[2, 4]]);
});
