// Conditions on columns, and the groups of rows that a column of times makes.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { cleanRows, openRows, tableGroups } from "@dsbm/data";
import { describe, expect, it } from "vitest";
import { writeH5ad } from "../../../../../test/support/h5ad.js";
import { refusal, testFolders } from "../files.js";

const folder = testFolders();
const cells = [
  "id,day,celltype,cell type,score,stage,treated,done",
  "a,2,HSC,x,0.5,early,true,1",
  'b,2.0,"B ""or"" T",y,,early,FALSE,0',
  "c,7,HSC,x,-1.5e1,mid,True,",
  "d,10,,x,3,late,,1",
  "e,3.5,Mono,z,NaN,late,false,0",
].join("\n");

function table(content = cells): string {
  const path = join(folder(), "t.csv");
  writeFileSync(path, content);
  return path;
}

async function keptIds(where: string): Promise<string> {
  const source = await openRows(table());
  try {
    const ids: string[] = [];
    for await (const { texts } of cleanRows(source, { numbers: [], texts: ["id"], where }))
      ids.push(...texts[0]);
    return ids.join("");
  } finally {
    source.close();
  }
}

describe("data.where", () => {
  it.each([
    ["day == 2", "ab"],
    ['celltype == "HSC" and day < 7', "a"],
    ["celltype=='HSC'and day<=7", "ac"],
    ['celltype != "HSC"', "bde"],
    ['not celltype == "HSC"', "bde"],
    ['celltype in ("HSC", "Mono") and not (day > 3 and day < 5)', "ac"],
    ['celltype not in ("HSC", "Mono")', "bd"],
    ["day in (2, 10)", "abd"],
    ["score > 0", "ad"],
    ["score >= -15", "acd"],
    ["score != 3", "abce"],
    ["`cell type` == 'x' or day == 3.5 and score > 0", "acd"],
    ["(`cell type` == 'x' or day == 3.5) and score > 0", "ad"],
    ["treated == true", "ac"],
    ["treated != True and day < 3", "b"],
    ["treated in (false)", "be"],
    ["done == true", "ad"],
    ["done != true", "bce"],
    ['stage == "mid" or stage == "late"', "cde"],
  ])("%s", async (where, expected) => {
    expect(await keptIds(where)).toBe(expected);
  });

  it.each([
    ["dya < 7", /^data\.where=dya < 7: .*t\.csv has no column dya; did you mean "day"\?/],
    [
      "celltype == HSC",
      /expected a number, true, false or a text in quotes, got HSC at character 13/,
    ],
    ['day == "2"', /day is a number in .*, but "2" is a text: expected a number without quotes/],
    ["celltype == 2", /column celltype of .* has "HSC" in row 1, .* expected a text in quotes/],
    ["celltype == true", /column celltype of .* has "HSC" in row 1, .* with true: expected a text/],
    ["score < true", /column score of .* has 0\.5 in row 1, .* with true: expected a number$/],
    ["day = 2", /expected ==, .* or in \(…\), got = at character 5/],
    ["day ==", /expected a number, true, false or a text in quotes, got the end at character 7/],
    ["3 < day", /expected a column, got 3 at character 1/],
    ["(day == 2", /expected \), got the end at character 10/],
    ["day == 2 day", /expected and, or, or the end, got day at character 10/],
    ["day in 2", /expected \(, got 2 at character 8/],
    ['celltype == "HSC', /expected a number, true, false or a text in quotes, got "/],
    ["__import__('os')", /has no column __import__; it has id, /],
    ["", /expected a column, got the end at character 1/],
  ])("%s is refused", async (where, message) => {
    await expect(keptIds(where)).rejects.toThrow(refusal("InvalidOption", message));
  });
});

describe("the groups of a column", () => {
  it.each([
    ["day", {}, "2 3.5 7 10"],
    ["day", { where: "day < 8" }, "2 3.5 7"],
    ["stage", { order: ["late", "early", "mid"] }, "late early mid"],
    ["score", { missing: "drop" as const }, "-15 0.5 3"],
  ])("%s %j", async (column, options, expected) => {
    expect((await tableGroups(table(), column, options)).join(" ")).toBe(expected);
  });

  const many = `day\n${Array.from({ length: 101 }, (_, i) => i).join("\n")}\n`;
  it.each<[string, string, object, string, RegExp]>([
    ["dya", cells, {}, "InvalidOption", /time=dya: .* no column dya; did you mean "day"\?/],
    ["day", "day\n2\n2\n", {}, "InvalidOption", /has the value 2 only: expected two times or more/],
    [
      "day",
      cells,
      { where: "day > 99" },
      "InvalidOption",
      /has no rows: .*write a wider data.where/,
    ],
    ["day", many, {}, "InvalidOption", /more than 100 different values there/],
    [
      "score",
      cells,
      {},
      "BadTable",
      /column score has 2 missing values .* first in row 2.*data.missing=drop/,
    ],
    [
      "stage",
      cells,
      {},
      "InvalidOption",
      /has the texts early, late, mid .*write time_order=early,late,mid, with times=/,
    ],
    [
      "stage",
      cells,
      { order: ["early", "mid", "lat"] },
      "InvalidOption",
      /^time_order=early,mid,lat: column stage of .* has early, late, mid: expected each .* once/,
    ],
    ["stage", cells, { order: ["early", "mid"] }, "InvalidOption", /expected each .* once/],
  ])("%s of %j with %j is refused", async (column, content, options, code, message) => {
    await expect(tableGroups(table(content), column, options)).rejects.toThrow(
      refusal(code, message),
    );
  });

  it("of 17 digits stay apart", async () => {
    const days = ["20240101123456789", "20240101123456788", "20240101123456789.0"];
    const path = table(`day\n${days.join("\n")}\n`);
    expect(await tableGroups(path, "day")).toEqual(["20240101123456788", "20240101123456789"]);
  });

  it("of an ordered category have the order of the file", async () => {
    const path = join(folder(), "cells.h5ad");
    const stage = ["late", "early", null, "mid", "early"];
    await writeH5ad(
      path,
      { x: stage.map(() => 0) },
      { stage },
      { stage: ["mid", "early", "late"] },
    );
    const options = { missing: "drop" } as const;
    expect(await tableGroups(path, "stage", options)).toEqual(["mid", "early", "late"]);
    const order = ["early", "mid", "late"];
    expect(await tableGroups(path, "stage", { ...options, order })).toEqual(order);
  });

  it("of a .h5ad file are in obs; a category without a name is no time", async () => {
    const path = join(folder(), "cells.h5ad");
    const write = (stage: (string | null)[]) =>
      writeH5ad(path, { x: stage.map(() => 0) }, { stage });
    await write(["10", "2", "2"]);
    expect(await tableGroups(path, "stage")).toEqual(["2", "10"]);
    await write(["10", null, "2"]);
    await expect(tableGroups(path, "stage")).rejects.toThrow(
      refusal("BadTable", /column stage has 1 missing value .* row 2/),
    );
    await expect(tableGroups(path, "stage", { layer: "X_pca" })).rejects.toThrow(
      refusal("InvalidOption", /data\.layer=X_pca: .* has the matrices X/),
    );
  });
});
