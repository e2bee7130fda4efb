// Fields as a dataset: splits, missing cells, moments and transforms.
import { aboutFields, loadTable, prepareTable } from "@dsbm/data";
import { describe, expect, it } from "vitest";
import { heldOutFields } from "../../src/fields/held-out-years.js";
import { testFolders } from "../files.js";
import { fieldFormats, smallFields, type TestVariable } from "./field-files.js";

const newFolder = testFolders();

describe("fields as a dataset", () => {
  const classic = async (variable: Partial<TestVariable>, n = 20) => {
    const [, write] = fieldFormats[0];
    return `fields:${await write(newFolder(), smallFields(n, [variable]))}`;
  };

  it("splits times into training and held-out fields in their order", async () => {
    const name = await classic({});
    const load = { directory: newFolder(), test_fraction: 0.25, seed: 3 };
    await prepareTable(name, { split: "train", ...load });
    const [train, test] = (["train", "test"] as const).map((split) =>
      loadTable(name, { split, ...load }),
    );
    expect([train.x.shape, test.x.shape]).toEqual([
      [15, 1, 2, 3],
      [5, 1, 2, 3],
    ]);
    for (const { x, origin } of [train, test]) {
      const rows = Array.from(origin?.rows.toNumbers() ?? []);
      expect(rows).toEqual(rows.toSorted((a, b) => a - b));
      expect(Array.from(x.select(1, 0).select(1, 1).select(1, 0).toNumbers())).toEqual(
        rows.map((row) => 6 * row),
      );
    }
    expect(train.source).toContain(
      "2×3 cells, lat 20 to 10, lon 0 to 20; 1999-12-31 to 2000-01-19",
    );
  });

  it("holds out whole years of five and more, and random fields of fewer", () => {
    const time = (n: number) => ({
      name: "time",
      size: n,
      values: Array.from({ length: n }, (_, month) => 30 * month),
      attributes: { units: "days since 1990-01-01", calendar: "360_day" },
    });
    const rows = (n: number) => Array.from({ length: n }, (_, i) => i);
    const { isHeld, years } = heldOutFields(rows(120), time(120), { fraction: 0.15, seed: 1 });
    expect(years).toHaveLength(2);
    for (const row of rows(120))
      expect(isHeld[row] === 1).toBe(years?.includes(String(1990 + Math.floor(row / 12))));
    const few = heldOutFields(rows(48), time(48), { fraction: 0.25, seed: 1 });
    expect(few.years).toBeNull();
    expect(few.isHeld.reduce((a, b) => a + b, 0)).toBe(12);
    // The same seed holds out the same years, so that pairs of rows stay together.
    expect(heldOutFields(rows(120), time(120), { fraction: 0.15, seed: 1 }).years).toEqual(years);
  });

  it("keeps cells that never have a value missing, and refuses or leaves out fields with other gaps", async () => {
    const values = Array.from({ length: 120 }, (_, i) => (i % 6 === 1 ? -1 : i));
    const attributes = { _FillValue: -1 };
    const always = await classic({ values, attributes });
    const load = { directory: newFolder(), split: "train" as const };
    await prepareTable(always, load);
    const { fields, x } = loadTable(always, load);
    expect(aboutFields(fields as NonNullable<typeof fields>)).toContain(
      "1 cells never have a value",
    );
    expect(x.isfinite().all().item()).toBe(true);

    const sometimes = await classic({ values: values.with(8, -1), attributes });
    await expect(prepareTable(sometimes, load)).rejects.toThrow(
      /1 of 20 fields, the first of them 2, have missing values .* write data\.missing=drop/,
    );
    const drop = { ...load, fields: { missing: "drop" as const } };
    await prepareTable(sometimes, drop);
    expect(loadTable(sometimes, drop).fields).toMatchObject({ total: 20, dropped: 1 });
  });

  it("has moments of the values after the transform, without missing cells", async () => {
    const values = Array.from({ length: 120 }, (_, i) => (i % 6 === 1 ? -1 : (i % 2) + 3));
    const name = await classic({ values, attributes: { _FillValue: -1 } });
    const load = {
      directory: newFolder(),
      split: "train" as const,
      fields: { transform: "sqrt" as const, size: [4, 4] as const },
    };
    await prepareTable(name, load);
    const { fields, x } = loadTable(name, load);
    // Of five cells with values, three have 3 and two have 4.
    const [three, four] = [Math.sqrt(3), 2];
    const mean = (3 * three + 2 * four) / 5;
    expect(fields?.moments.mean[0]).toBeCloseTo(mean, 6);
    expect(fields?.moments.variance[0]).toBeCloseTo(
      (3 * (three - mean) ** 2 + 2 * (four - mean) ** 2) / 5,
      6,
    );
    expect(x.shape).toEqual([18, 1, 4, 4]);
    await expect(prepareTable(name, { ...load, fields: { size: [1, 4] } })).rejects.toThrow(
      /has 2×3 cells, .* write data\.image_size=4 data\.image_width=4/,
    );
  });

  it("refuses values that the transform cannot take", async () => {
    const name = await classic({ values: Array.from({ length: 120 }, (_, i) => i - 3) });
    const load = { directory: newFolder(), split: "train" as const };
    await expect(prepareTable(name, { ...load, fields: { transform: "log1p" } })).rejects.toThrow(
      /pr has -?\d in field 1, which data\.transform=log1p cannot take/,
    );
  });
});
