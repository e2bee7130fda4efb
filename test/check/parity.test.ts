// The checker of docs/reference-parity.md finds what it is there to find.
import { expect, it } from "vitest";
import { wrongRows } from "../../scripts/check-parity.mjs";

const files: Record<string, string> = {
  "test/a.test.ts": 'it("adds up"); it.each(["dim=5 seed=1 fb=[b] -m"])("%s"); // "in passing" too',
};
const read = (path: string) => files[path] ?? null;
const keys = new Set(["dim"]);
const table = (head: string, ...rows: string[]) =>
  ["", `| ${head} | shown by |`, "| --- | --- |", ...rows, ""].join("\n");
const wrong = (head: string, ...rows: string[]) => wrongRows(table(head, ...rows), { read, keys });

it("takes tests that are there, and rows that say that they have none", () => {
  expect(wrong("what", '| sums | `test/a.test.ts` "adds up" |')).toEqual([]);
  expect(wrong("what", "| sums | no test: of a later version |")).toEqual([]);
  expect(wrong("key", '| `dim` | `test/a.test.ts` "adds up" |')).toEqual([]);
  const typed = "| `dsbm gaussian dim=5 seed=1 fb=['b'] -m` |";
  const line = '`test/a.test.ts` "dim=5 seed=1 fb=[b] -m"';
  expect(wrong("command", `${typed} ${line} |`)).toEqual([]);
});

it.each([
  ["a missing file", "what", '| sums | `test/b.test.ts` "adds up" |', /test\/b.* is there/],
  ["a file that is no test", "what", '| sums | `src/a.ts` "adds up" |', /src\/a\.ts is no test/],
  ["a name of no test", "what", '| sums | `test/a.test.ts` "adds" |', /has no "adds"$/],
  ["a file without a name", "what", "| sums | `test/a.test.ts` |", /without a test/],
  ["a row without a test", "what", "| sums | surely |", /names no test/],
  ["a row that is cut", "what", "| sums |", /1 cells under 2 heads/],
  ["an unknown key", "key", '| `dimm` | `test/a.test.ts` "adds up" |', /dimm is no key/],
  [
    "another command",
    "command",
    '| `dsbm gaussian dim=6` | `test/a.test.ts` "adds up" |',
    /the command dim=6 stands in none/,
  ],
])("refuses %s, with its line", (_, head, row, message) => {
  const lines = wrong(head, row);
  expect(lines).toHaveLength(1);
  expect(lines[0]).toMatch(/^line 4: /);
  expect(lines[0]).toMatch(message);
});

it("refuses a document without tables", () => {
  expect(wrongRows("# Parity", { read, keys })).toHaveLength(1);
});
