// Known pairs from a file: by row numbers, ids and names of images, of training rows; and refusals.
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { equalNames, loadTable, type OwnOptions, prepareTable, readPairs } from "@dsbm/data";
import { tidy } from "@dsbm/torch";
import sharp from "sharp";
import { beforeAll, describe, expect, it } from "vitest";
import { refusal, testFolders } from "../files.js";

const folder = testFolders();

let place = "";
const pathOf = (name: string) => join(place, name);
beforeAll(() => {
  place = folder();
  const rows = (n: number, letter: string) =>
    Array.from({ length: n }, (_, i) => `${letter}${i + 1},${i}`).join("\n");
  writeFileSync(pathOf("a.csv"), `id,x\n${rows(20, "a")}\n`);
  writeFileSync(pathOf("b.csv"), `id,x\n${rows(30, "b")}\n`);
});

interface Options {
  id?: string | null;
  names?: string[];
  table?: OwnOptions;
  sourceTable?: OwnOptions;
  n?: number;
}

/** Known pairs of the two tables, with the values of their rows (x is the row's number from 0). */
async function read(
  text: string,
  {
    id = null,
    names = ["a.csv", "b.csv"],
    table = { exclude: ["id"] },
    sourceTable = table,
    n,
  }: Options = {},
) {
  writeFileSync(pathOf("pairs.csv"), text);
  const end = (name: string, columns: OwnOptions) => ({
    name: `table:${pathOf(name)}`,
    options: { directory: place, table: columns, ...(n && { n }) },
  });
  const ends = [end(names[0], sourceTable), end(names[1], table)];
  for (const { name, options } of ends) await prepareTable(name, { ...options, split: "train" });
  const known = await readPairs(pathOf("pairs.csv"), ends, { id });
  const values = ({ name, options }: (typeof ends)[0], rows: Int32Array) =>
    tidy(() => {
      const { x, facts } = loadTable(name, { ...options, split: "train" });
      const all = x.toNumbers();
      return Array.from(rows, (row) => all[row] + (facts?.offset[0] as number));
    });
  const [x0, x1] = [values(ends[0], known.x0), values(ends[1], known.x1)];
  return { given: known.given, pairs: x0.map((x, k) => [x, x1[k]]) };
}

/** Every row of the source with the one of the target that has its number. */
const everyPair = Array.from({ length: 20 }, (_, i) => [i + 1, i + 1]);
/** A file of pairs, from rows of cells or from lines that are separated by spaces. */
const lines = (rows: (number | string)[][] | string, head = "source,target") =>
  [head, ...(typeof rows === "string" ? rows.split(" ") : rows.map(String))].join("\n");

describe("readPairs", () => {
  it("finds rows by their numbers in the files, and skips held-out rows", async () => {
    const { given, pairs } = await read(lines(everyPair));
    expect(given).toBe(20);
    // Two of 20 and three of 30 rows are held out.
    expect(pairs.length).toBeGreaterThanOrEqual(15);
    expect(pairs.length).toBeLessThanOrEqual(18);
    for (const [a, b] of pairs) expect(a).toBe(b);
  });

  it("takes columns by their names or places, with and without a line of names", async () => {
    const { pairs } = await read(lines(everyPair));
    const own = everyPair.map(([a, b]) => ["note", b, a]);
    expect((await read(lines(own, "why,target,source"))).pairs).toEqual(pairs);
    expect((await read(everyPair.map((row) => row.join()).join("\n"))).pairs).toEqual(pairs);
  });

  it("finds rows by ids, and in a random part of a table", async () => {
    const ids = lines(everyPair.map(([a, b]) => [`a${a}`, `b${b}`]));
    const { pairs } = await read(lines(everyPair));
    expect((await read(ids, { id: "id", table: { id: "id" } })).pairs).toEqual(pairs);
    const part = await read(ids, { id: "id", table: { id: "id" }, n: 9 });
    expect(part.pairs.length).toBeLessThan(9);
    for (const pair of part.pairs) expect(pairs).toContainEqual(pair);
  });

  it("counts all rows of the file, dropped rows and other groups too", async () => {
    writeFileSync(
      pathOf("groups.csv"),
      `id,g,x\n${Array.from({ length: 40 }, (_, i) => `r${i + 1},${i % 2 ? "v" : "u"},${i === 4 ? "" : i}`).join("\n")}\n`,
    );
    const odd = Array.from({ length: 20 }, (_, i) => [2 * i + 1, i + 1]);
    const { given, pairs } = await read(lines(odd), {
      names: ["groups.csv", "b.csv"],
      sourceTable: { exclude: ["id"], missing: "drop", split_by: "g", group: "u" },
    });
    expect(given).toBe(20);
    for (const [a, b] of pairs) expect(a).toBe(2 * b);
    expect(pairs.map(([a]) => a)).not.toContain(4);
  });

  const absent =
    /row 2 has "21", which is no row of the source .*a.csv: expected a number from 1 to 20/;
  const named = /row 1 has "a1", which is no row of the source .*; write data.id=COLUMN for ids/;
  const twice =
    /row 3 has 5 of the target .*b.csv, which row 1 has too: expected each row in at most one pair/;
  it.each([
    ["a row 0", lines("0,1"), /row 1 has "0", which is no row of the source .* from 1 to 20/],
    ["a row that is not there", lines("1,1 21,2"), absent],
    ["a text", lines("a1,1"), named],
    ["a row twice", lines("1,5 2,6 3,5"), twice],
    ["three columns", lines("1,2,3", "a,b,c"), /has the columns a, b, c: expected two/],
    ["no rows", "source,target\n", /has no rows: expected a known pair in each/],
  ])("refuses %s", async (_, text, message) => {
    await expect(read(text)).rejects.toEqual(refusal("BadTable", message));
  });

  it("refuses missing and repeated ids", async () => {
    const options = { id: "id", table: { id: "id" } };
    const absent =
      /row 2 has "a1x", which is no row of the source .*: expected a value of the column id/;
    const pairs = lines("a1,b1 a1x,b2");
    await expect(read(pairs, options)).rejects.toEqual(refusal("BadTable", absent));
    writeFileSync(pathOf("twice.csv"), "id,x\np,1\nq,2\np,3\nr,4\n");
    const names = ["twice.csv", "b.csv"];
    const twice = /row 1 has "p", which is no row of the source .* that one row has/;
    await expect(read(lines("p,b2"), { ...options, names })).rejects.toEqual(
      refusal("BadTable", twice),
    );
  });

  it("finds images by their names, and by their places among all names", async () => {
    const root = folder();
    // 0.png to 5.png, each brighter than the last.
    const parts = ["s", "t"].map((end) => join(root, end));
    for (const [i, part] of parts.entries()) {
      mkdirSync(part);
      for (let k = 0; k < 6; k++) {
        const [r, g, b] = [10 * k + i, 10 * k + i, 10 * k + i];
        const grey = { width: 4, height: 4, channels: 3, background: { r, g, b } } as const;
        await sharp({ create: grey })
          .png()
          .toFile(join(part, `${k}.png`));
      }
    }
    const options = { directory: root, image_size: 4, channels: 1 };
    const [source, target] = parts.map((part) => ({ name: `folder:${part}`, options }));
    for (const { name } of [source, target])
      await prepareTable(name, { ...options, split: "train" });
    const found = async (rows: (number | string)[][]) => {
      writeFileSync(join(root, "pairs.csv"), lines(rows));
      const known = await readPairs(join(root, "pairs.csv"), [source, target]);
      return tidy(() => {
        const [a, b] = [source, target].map(({ name }) =>
          loadTable(name, { ...options, split: "train" })
            .x.select(2, 0)
            .select(2, 0)
            .toNumbers(),
        );
        return Array.from(known.x0, (row, k) => [a[row], b[known.x1[k]]]);
      });
    };
    const reversed = [0, 1, 2, 3, 4, 5].map((k) => [`${k}.png`, `${5 - k}.png`]);
    const pairs = await found(reversed);
    expect(pairs.length).toBeGreaterThanOrEqual(2);
    for (const [a, b] of pairs) expect(b).toBe(50 - a + 1);
    expect(await found([0, 1, 2, 3, 4, 5].map((k) => [k + 1, 6 - k]))).toEqual(pairs);
    await expect(found([["9.png", "1.png"]])).rejects.toEqual(
      refusal(
        "BadTable",
        /row 1 has "9.png", which is no row of the source .*: expected the path of an image/,
      ),
    );
    // Equal names are equal values here, up to the 1 of the target.
    const equal = equalNames(source, target);
    expect([equal.given, equal.x0]).toEqual([6, equal.x1]);
    renameSync(join(parts[1], "3.png"), join(parts[1], "x.png"));
    writeFileSync(join(parts[1], "2.jpg"), readFileSync(join(parts[1], "2.png")));
    await prepareTable(target.name, { ...options, split: "train" });
    expect(() => equalNames(source, target)).toThrow(/t: has two images 2 with different endings/);
    rmSync(join(parts[1], "2.png"));
    await prepareTable(target.name, { ...options, split: "train" });
    expect(equalNames(source, target).given).toBe(5);
  });

  it("refuses equal names of tables, and folders that share none", async () => {
    const tables = ["a.csv", "b.csv"].map((name) => ({
      name: `table:${pathOf(name)}`,
      options: { directory: place, table: { exclude: ["id"] } },
    }));
    for (const { name, options } of tables)
      await prepareTable(name, { ...options, split: "train" });
    expect(() => equalNames(tables[0], tables[1])).toThrow(
      /a.csv: is no folder of images: expected two folders for pairs=names/,
    );
    const root = folder();
    const options = { directory: root, image_size: 4, channels: 1 };
    const ends = ["s", "t"].map((part) => ({ name: `folder:${join(root, part)}`, options }));
    for (const [i, { name }] of ends.entries()) {
      mkdirSync(name.slice("folder:".length));
      for (let k = 0; k < 3; k++)
        await sharp({ create: { width: 4, height: 4, channels: 3, background: "red" } })
          .png()
          .toFile(join(name.slice("folder:".length), `${i}-${k}.png`));
      await prepareTable(name, { ...options, split: "train" });
    }
    expect(() => equalNames(ends[0], ends[1])).toThrow(/s: has no image with the name of an image/);
  });
});
