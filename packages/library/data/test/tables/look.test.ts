// A first look at a table: what a page and `dsbm look` show of its columns.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { scratch } from "../../../../../test/support/scratch.js";
import { lookAtTable } from "../../src/index.js";

const folder = scratch();

it("a first look counts rows, missing values and texts, and has the histogram of numbers", async () => {
  const path = join(folder, "a.csv");
  writeFileSync(path, "site,x\na,0\nb,10\na,\na,20\n,10\n");
  const { rows, columnCount, columns } = await lookAtTable(path);
  expect([rows, columnCount]).toEqual([5, 2]);
  const [site, x] = columns;
  expect(site).toEqual({
    name: "site",
    kind: "text",
    missing: 1,
    histogram: null,
    examples: ["a", "b"],
  });
  expect(x).toMatchObject({ name: "x", kind: "number", missing: 1, examples: [] });
  const { low, high, mean, deviation, shares = [] } = x.histogram ?? {};
  expect([low, high, mean, shares.length]).toEqual([0, 20, 10, 20]);
  expect(deviation).toBeCloseTo(Math.sqrt(50), 12);
  expect([shares[0], shares[10], shares[19]]).toEqual([0.25, 0.5, 0.25]);
});
