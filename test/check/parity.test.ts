// The checker of docs/reference-parity.md finds what it is there to find.
import { expect, it } from "vitest";
import { wrongRows } from "../../scripts/check-parity.mjs";

const read = (path: string) => (path === "test/a.test.ts" ? "" : null);
const keys = new Set(["dim"]);
const table = (head: string, ...rows: string[]) =>
  ["", `| ${head} | shown by |`, "| --- | --- |", ...rows, ""].join("\n");

it.each([
  ["a test file", "what", "| sums | `test/a.test.ts` |", null],
  ["a row without a test that says so", "what", "| sums | no test: of a later version |", null],
  ["a known key", "key", "| `dim` | `test/a.test.ts` |", null],
  ["a missing file", "what", "| sums | `test/b.test.ts` |", /test\/b.* is there/],
  ["a file that is no test", "what", "| sums | `src/a.ts` |", /src\/a\.ts is no test/],
  ["a row without a test", "what", "| sums | surely |", /names no test/],
  ["a row that is cut", "what", "| sums |", /1 cells under 2 heads/],
  ["an unknown key", "key", "| `dimm` | `test/a.test.ts` |", /dimm is no key/],
])("%s", (_, head, row, message) => {
  const wrong = wrongRows(table(head, row), { read, keys });
  if (message === null) expect(wrong).toEqual([]);
  else expect(wrong).toEqual([expect.stringMatching(message)]);
});

it("refuses a document without tables", () => {
  expect(wrongRows("# Parity", { read, keys })).toHaveLength(1);
});
