// `dsbm compare`: samples of any program against data, from files alone.
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { picturePng, type Quality } from "@dsbm/runs";
import { Generator, randint, randn } from "@dsbm/torch";
import { beforeAll, describe, expect, it } from "vitest";
import { addComponents, writeH5ad } from "../support/h5ad.js";
import { scratch } from "./cli.js";
import { commandHere, runWell, workIn } from "./sample.js";

const root = scratch();
workIn(root);

function write(name: string, { rows, shift, seed }: { rows: number; shift: number; seed: number }) {
  const x = randn([rows, 2], { generator: Generator.create(seed) }).toArray();
  const lines = Array.from(
    { length: rows },
    (_, i) => `${(x[2 * i] as number) + shift},${x[2 * i + 1]}`,
  );
  writeFileSync(join(root, name), `x,y\n${lines.join("\n")}\n`);
}

/** Grey noise above `low`, of `size` pixels. */
async function draw(
  folder: string,
  { low, count, size }: { low: number; count: number; size: number },
) {
  mkdirSync(join(root, folder));
  const shape = [count, 1, size, size];
  const x = randint(low, 256, shape, { generator: Generator.create(low + size), dtype: "uint8" });
  for (let i = 0; i < count; i++)
    writeFileSync(
      join(root, folder, `${i}.png`),
      await picturePng(x.select(0, i).toArray() as Uint8Array, [1, size, size]),
    );
}

beforeAll(async () => {
  await draw("dark", { low: 0, count: 40, size: 8 });
  await draw("target", { low: 128, count: 80, size: 16 });
  await draw("bright", { low: 128, count: 40, size: 8 });
  write("target.csv", { rows: 600, shift: 0, seed: 1 });
  write("good.csv", { rows: 300, shift: 0, seed: 2 });
  write("far.csv", { rows: 300, shift: 3, seed: 3 });
  write("few.csv", { rows: 3, shift: 0, seed: 4 });
  writeFileSync(join(root, "gaps.csv"), "x,y\n1,2\n3,\n5,6\n7,8\n2,1\n");
  writeFileSync(join(root, "zeros.csv"), "x,y,w,v\n1,2,0,-1\n3,4,0,1\n5,6,0,1\n7,8,0,1\n");
  writeFileSync(join(root, "other.csv"), "x,z\n1,2\n3,4\n5,6\n7,8\n");
});

async function compareQuality(...words: string[]): Promise<Quality> {
  const { stdout } = await runWell("compare", "target.csv", ...words, "--json");
  return JSON.parse(stdout) as Quality;
}

const row = (quality: Quality, name: string, column?: string) =>
  quality.rows.find((one) => one.name === name && one.column === column)!;

describe("dsbm compare", () => {
  it("has floors of the target, ceilings of the source, and a verdict", async () => {
    const quality = await compareQuality("good.csv", "source=far.csv");
    const { value, floor, ceiling } = row(quality, "w1");
    expect(value / (floor as number)).toBeLessThan(1.4);
    // The source is the target, moved by 3.
    expect(Math.abs((ceiling as number) - 3)).toBeLessThan(0.3);
    expect(row(quality, "column_w1", "x").ceiling).toBeCloseTo(3, 0);
    expect(row(quality, "variance_ratio").value).toBeCloseTo(1, 0);
    expect(quality.verdicts?.[0]).toMatchObject({ grade: "good", n_held_out: [300, 300] });
    expect(quality.verdicts?.[0]?.reason).toContain("as close to target.csv as other rows");
    const far = await compareQuality("far.csv", "source=far.csv", "metrics=w1,sliced_w2,c2st");
    expect(far.rows.map(({ name }) => name).toSorted()).toEqual(["c2st", "sliced_w2", "w1"]);
    expect(far.verdicts?.[0]?.grade).toBe("poor");
  });

  it.each([
    ["target.csv", true],
    ["good.csv", false],
  ])(
    "says of %s how many rows count, and whether they are copies of the target: %s",
    async (name, areCopies) => {
      const { stderr } = await runWell(
        "compare",
        "target.csv",
        name,
        "metrics=sliced_w2",
        "--json",
      );
      expect(stderr).toContain(
        `compared samples: 300 of 600 of target.csv (the other half gives floors), 300 of ${areCopies ? 600 : 300} of ${name}`,
      );
      expect(/warning: \d+ of \d+ generated rows equal rows of target.csv/.test(stderr)).toBe(
        areCopies,
      );
    },
  );

  it("takes a part of the target, without columns, and draws rows by their weights", async () => {
    writeFileSync(join(root, "both.csv"), "x,w\n0.1,1\n9,0\n0.2,1\n9,0\n0.3,1\n9,0\n");
    const quality = await compareQuality("both.csv", "weights=w", "exclude=y", "where=x<0");
    expect(row(quality, "w1").value).toBeLessThan(2);
  });

  it("skips rows with missing values on request, and says how many", async () => {
    const words = ["gaps.csv", "missing=drop", "metrics=w1", "--json"];
    const { stdout, stderr } = await runWell("compare", "target.csv", ...words);
    expect(stderr).toContain("gaps.csv: skipped 1 row with missing values");
    expect(JSON.parse(stdout)).toMatchObject({ n: 4 });
  });

  it("compares columns of texts by the shares of their levels, and says which it does not compare", async () => {
    const texts = (name: string, rows: number, group: (i: number) => string) =>
      writeFileSync(
        join(root, name),
        `x,group,id\n${Array.from({ length: rows }, (_, i) => `${i % 7},${group(i)},row ${name} ${i}`).join("\n")}\n`,
      );
    texts("texts.csv", 400, (i) => (i % 2 === 0 ? "a" : "b"));
    texts("moved.csv", 200, (i) => (i % 4 === 0 ? "a" : i % 4 === 1 ? "c" : "b"));
    const { stdout, stderr } = await runWell("compare", "texts.csv", "moved.csv", "--json");
    const quality = JSON.parse(stdout) as Quality;
    // Shares of a, b, c: 1/2, 1/2, 0 in the target and 1/4, 1/2, 1/4 in the other file. The worst column is first.
    expect(row(quality, "column_w1", "group").value).toBeCloseTo(0.25, 1);
    expect(
      quality.rows.filter(({ name }) => name === "column_w1").map(({ column }) => column),
    ).toEqual(["group", "x"]);
    expect(stderr).toMatch(/not compared: id: texts that name the rows/);
  });

  it("reads notations as training does, and refuses them without their option", async () => {
    const rows = Array.from({ length: 40 }, (_, i) => i);
    const day = (i: number) => (i % 2 === 0 ? "old" : "new");
    const commas = (name: string, shift: number) =>
      writeFileSync(
        join(root, name),
        `x;y;day\n${rows.map((i) => `${i};1.00${(i + shift) % 10},5;${day(i)}`).join("\n")}\n`,
      );
    commas("commas.csv", 0);
    commas("later.csv", 3);
    const notation = ["decimal=,", "thousands=.", 'where=day == "old"', "metrics=columns"];
    const words = ["commas.csv", "later.csv"];
    const { stdout } = await runWell("compare", ...words, ...notation, "--json");
    const quality = JSON.parse(stdout) as Quality;
    expect(quality.rows.map(({ column }) => column).toSorted()).toEqual(["x", "y"]);
    // The values are 1000.5 to 1009.5; one half of the old rows is compared.
    expect(row(quality, "column_w1", "y").value).toBeLessThan(5);
    const { code, stderr } = await commandHere("compare", ...words);
    expect(code).not.toBe(0);
    expect(stderr).toMatch(
      /column y \("1\.000,5" in row 1\) has points and commas: write decimal=, thousands=\./,
    );
  });

  it("applies the condition of the target to the target only", async () => {
    const rows = Array.from({ length: 40 }, (_, i) => `${i},${i % 3 === 0 ? "a" : "b"}`);
    const days = rows.map((line, i) => `${line},${i % 2}`);
    writeFileSync(join(root, "days.csv"), `x,group,day\n${days.join("\n")}\n`);
    writeFileSync(join(root, "groups.csv"), `x,group\n${rows.join("\n")}\n`);
    const words = ["exclude=day", "where=day == 1", "metrics=columns"];
    const { stdout, stderr } = await runWell(
      "compare",
      "days.csv",
      "groups.csv",
      ...words,
      "--json",
    );
    expect((JSON.parse(stdout) as Quality).rows.map(({ column }) => column).toSorted()).toEqual([
      "group",
      "x",
    ]);
    expect(stderr).toContain("10 of 20 of days.csv");
  });

  it("judges images of another size by features and by a classifier", async () => {
    const words = ["bright", "source=dark", "metrics=feature_distance,c2st", "--json"];
    const { stdout } = await runWell("compare", "target", ...words);
    const quality = JSON.parse(stdout) as Quality;
    expect(quality.verdicts?.[0]?.n_held_out).toEqual([40, 40]);
    const { value, ceiling } = row(quality, "feature_distance");
    expect(value).toBeLessThan(0.5 * (ceiling as number));
  });

  it("has neither ceilings nor a verdict without a source", async () => {
    const quality = await compareQuality("far.csv");
    expect(quality.verdicts).toEqual([]);
    expect(quality.rows.every(({ ceiling, excess }) => ceiling === null && !excess)).toBe(true);
    expect(Math.abs(row(quality, "w1").value - 3)).toBeLessThan(0.3);
  });

  it("refuses components of two PCAs", async () => {
    const loadings = [
      [1, 0],
      [0, 1],
      [1, 1],
    ];
    const genes = { a: [1, 2, 3, 4], b: [1, 3, 2, 4], c: [2, 1, 4, 3] };
    for (const [name, sign] of Object.entries({ first: 1, second: -1 })) {
      const path = join(root, `${name}.h5ad`);
      await writeH5ad(path, genes, {});
      const signed = loadings.map((row) => row.map((value) => sign * value));
      const components = genes.a.map((x, i) => [sign * x, sign * (genes.b[i] as number)]);
      addComponents(path, components, signed);
    }
    const { code, stderr } = await commandHere(
      ...["compare", "first.h5ad", "second.h5ad", "layer=X_pca"],
    );
    expect(code).not.toBe(0);
    expect(stderr).toMatch(/first\.h5ad and second\.h5ad: their X_pca come from two PCAs/);
  });

  it.each([
    [
      ["other.csv"],
      /other\.csv lacks numbers in y, columns of the other data: rename z to y, or add the columns/,
    ],
    [["few.csv"], /few\.csv has 3 rows; expected 4 or more/],
    [["good.csv", "n=3"], /n: expected an integer >= 4, got 3/],
    [["good.csv", "where=x < -2.5"], /target\.csv has \d rows?.* expected [48] or more/],
    [["good.csv", "where=x == true"], /where=x == true: column x .* expected a number/],
    [["good.csv", "source=far.csv", "source_where=z < 1"], /source_where=z < 1: far\.csv has no/],
    [["good.csv", "exclude=z"], /exclude=z: target\.csv has no column z; did you mean "x"/],
    [["gaps.csv"], /gaps\.csv: column y has 1 missing value.*write missing=drop/],
    [["zeros.csv", "weights=w"], /weights=w is 0 in all rows: expected a number above 0 in some/],
    [["zeros.csv", "weights=v"], /weights=v has negative numbers: expected numbers from 0 on/],
    [["bright", "decimal=,"], /decimal=, is for tables: leave it out for images/],
    [["good.csv", "source=none.csv"], /none\.csv: no such file/],
    [["bright", "weights=w"], /weights=w is for tables: leave it out for images/],
    [["good.csv", "source_where=x > 0"], /source_where=x > 0 chooses .* add source=FILE/],
    [["bright"], /target\.csv holds no images/],
    [["good.csv", "metrics=path_energy"], /metrics=path_energy: expected one or more of /],
    [[], /expected TARGET GENERATED/],
  ])("refuses %j in one line", async (words, message) => {
    const { code, stderr } = await commandHere("compare", "target.csv", ...words);
    expect(code).not.toBe(0);
    expect(stderr).toMatch(message);
  });
});
