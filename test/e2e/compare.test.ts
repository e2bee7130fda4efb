// `dsbm compare`: samples of any program against data, from files alone.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Quality } from "@dsbm/runs";
import { Generator, randn } from "@dsbm/torch";
import { beforeAll, describe, expect, it } from "vitest";
import { scratch } from "./cli.js";
import { commandHere, done, workIn } from "./sample.js";

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

beforeAll(() => {
  write("target.csv", { rows: 600, shift: 0, seed: 1 });
  write("good.csv", { rows: 300, shift: 0, seed: 2 });
  write("far.csv", { rows: 300, shift: 3, seed: 3 });
  write("few.csv", { rows: 3, shift: 0, seed: 4 });
  writeFileSync(join(root, "other.csv"), "x,z\n1,2\n3,4\n5,6\n7,8\n");
});

async function compared(...words: string[]): Promise<Quality> {
  const { stdout } = await done("compare", "target.csv", ...words, "--json");
  return JSON.parse(stdout) as Quality;
}

const row = (quality: Quality, name: string, column?: string) =>
  quality.rows.find((one) => one.name === name && one.column === column)!;

describe("dsbm compare", () => {
  it("has floors of the target, ceilings of the source, and a verdict", async () => {
    const quality = await compared("good.csv", "source=far.csv");
    const { value, floor, ceiling } = row(quality, "w1");
    expect(value / (floor as number)).toBeLessThan(1.4);
    // The source is the target, moved by 3.
    expect(Math.abs((ceiling as number) - 3)).toBeLessThan(0.3);
    expect(row(quality, "column_w1", "x").ceiling).toBeCloseTo(3, 0);
    expect(row(quality, "variance_ratio").value).toBeCloseTo(1, 0);
    expect(quality.verdicts?.[0]).toMatchObject({ grade: "good", n_held_out: [300, 300] });
    expect(quality.verdicts?.[0]?.reason).toContain("as close to target.csv as other rows");
    const far = await compared("far.csv", "source=far.csv", "metrics=w1,sliced_w2,c2st");
    expect(far.rows.map(({ name }) => name).toSorted()).toEqual(["c2st", "sliced_w2", "w1"]);
    expect(far.verdicts?.[0]?.grade).toBe("poor");
  });

  it("takes a part of the target, without columns, and draws rows by their weights", async () => {
    writeFileSync(join(root, "both.csv"), "x,w\n0.1,1\n9,0\n0.2,1\n9,0\n0.3,1\n9,0\n");
    const quality = await compared("both.csv", "weights=w", "exclude=y", "where=x<0");
    expect(row(quality, "w1").value).toBeLessThan(2);
  });

  it("has neither ceilings nor a verdict without a source", async () => {
    const quality = await compared("far.csv");
    expect(quality.verdicts).toEqual([]);
    expect(quality.rows.every(({ ceiling, excess }) => ceiling === null && !excess)).toBe(true);
    expect(Math.abs(row(quality, "w1").value - 3)).toBeLessThan(0.3);
  });

  it.each([
    [["other.csv"], /other\.csv lacks numbers in the column y of the other data: expected x, y/],
    [["few.csv"], /few\.csv has 3 rows; expected 4 or more/],
    [["good.csv", "source=none.csv"], /none\.csv: no such file/],
    [["good.csv", "metrics=path_energy"], /metrics=path_energy: expected one or more of /],
    [[], /expected TARGET GENERATED/],
  ])("refuses %j in one line", async (words, message) => {
    const { code, stderr } = await commandHere("compare", "target.csv", ...words);
    expect(code).not.toBe(0);
    expect(stderr).toMatch(message);
  });
});
