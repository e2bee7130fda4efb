import { readFileSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { aboutFields, loadTable, openFields, prepareTable, spanText, timesText } from "@dsbm/data";
import { describe, expect, it } from "vitest";
import { datesOf } from "../../src/fields/cf/calendar.js";
import { heldOutFields } from "../../src/fields/held-out-years.js";
import { openFieldRows } from "../../src/fields/read/field-rows.js";
import { openNetcdf3 } from "../../src/fields/read/netcdf3.js";
import { testFolders } from "../files.js";
import { classicFile, fieldFormats, smallFields, type TestVariable } from "./field-files.js";

const newFolder = testFolders();

const onlyVariable = { variables: null, marks: [] };

/** The fields of a file, read in this thread in two parts. */
async function readAll(
  path: string,
  reading: Parameters<typeof openFieldRows>[0]["reading"] = onlyVariable,
) {
  const size = 10_000;
  const file = await openFieldRows({ path, size, reading });
  const n = file.grid.time.size;
  const last = n > 1 ? await file.read(1, n - 1) : [];
  const values = [...(await file.read(0, 1)), ...last];
  file.close();
  return { ...file, values };
}

const nan = Number.NaN;
/** Rows of the grid from north to south of the values 0 … 5 from south to north. */
const northFirst = [3, 4, 5, 0, 1, 2];

describe.each(fieldFormats)("%s", (format, write) => {
  it.each<[string, Partial<TestVariable>, number[]]>([
    ["numbers as they are", {}, [...northFirst, ...northFirst.map((x) => x + 6)]],
    [
      "scale_factor, add_offset and _FillValue of packed numbers",
      {
        type: "int16",
        values: [0, 1, 2, 3, -9, 5, 6, 7, 8, 9, 10, 11],
        attributes: { scale_factor: 0.5, add_offset: 10, _FillValue: -9 },
      },
      [11.5, nan, 12.5, 10, 10.5, 11, 14.5, 15, 15.5, 13, 13.5, 14],
    ],
    [
      "missing_value and valid_range",
      {
        type: "int32",
        values: [0, 1, 2, 3, 4, 5, -1, 7, 8, 99, 10, 11],
        attributes: { missing_value: 99, valid_range: [0, 10] },
      },
      [3, 4, 5, 0, 1, 2, nan, 10, nan, nan, 7, 8],
    ],
    [
      "a missing value of float64 among numbers of float32",
      { values: [0, 1e20, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11], attributes: { missing_value: 1e20 } },
      [3, 4, 5, 0, nan, 2, 9, 10, 11, 6, 7, 8],
    ],
  ])("reads %s", async (_, variable, expected) => {
    const path = await write(newFolder(), smallFields(2, [variable]));
    expect((await readAll(path)).values).toEqual(expected);
  });

  it("says variables, units, grid and times", async () => {
    const units = { attributes: { units: "mm/d", long_name: "rain" } };
    const path = await write(newFolder(), smallFields(3, [units]));
    const { grid, format: name } = await readAll(path);
    expect(format).toContain(name);
    expect(grid.channels).toEqual([
      { name: "pr", units: "mm/d", attributes: { units: "mm/d", long_name: "rain" } },
    ]);
    expect([grid.y, grid.x].map(spanText)).toEqual(["lat 20 to 10", "lon 0 to 20"]);
    expect(timesText(grid.time)).toBe("1999-12-31 to 2000-01-02 (noleap calendar)");
  });

  it("reads several variables as channels, also with longitude first", async () => {
    const tas = { name: "tas", values: [0, 1, 2, 3, 4, 5].map((x) => x / 2) };
    const wide = { dimensions: ["time", "lon", "lat"] };
    const path = await write(newFolder(), smallFields(1, [wide, { ...tas, ...wide }]));
    const { values } = await openFieldRows({
      path,
      size: 10_000,
      reading: { variables: ["tas", "pr"], marks: [4] },
    }).then(async (file) => ({ values: [...(await file.read(0, 1))] }));
    // Longitude by longitude from south to north: the first row is the northern one.
    expect(values).toEqual([0.5, 1.5, 2.5, 0, 1, 2, 1, 3, 5, 0, 2, nan]);
  });

  it("reads the same field from files from north to south, from south to north, and by longitude", async () => {
    const tas = { values: [0, 1, 2, 3, 4, 5] };
    const south = smallFields(1, [tas]);
    const north = smallFields(1, [{ values: northFirst }]);
    const turned = north.variables.map((one) =>
      one.name === "lat" ? { ...one, values: [20, 10] } : one,
    );
    const east = { values: [0, 3, 1, 4, 2, 5], dimensions: ["time", "lon", "lat"] };
    const files = [south, { ...north, variables: turned }, smallFields(1, [east])];
    for (const file of files) {
      const { grid, values } = await readAll(await write(newFolder(), file));
      expect([grid.y.values, values]).toEqual([[20, 10], northFirst]);
    }
  });

  it("refuses several variables without a choice, and unknown ones", async () => {
    const path = await write(newFolder(), smallFields(2, [{}, { name: "tas" }]));
    await expect(readAll(path)).rejects.toThrow(
      /has the variables pr, tas: write data\.variables=pr/,
    );
    await expect(readAll(path, { ...onlyVariable, variables: ["tos"] })).rejects.toThrow(
      /has no variable tos; did you mean "tas"\?/,
    );
  });
});

describe("times", () => {
  it.each([
    ["days since 2000-02-28", "standard", 2, "2000-03-01"],
    ["days since 2000-02-28", "noleap", 1, "2000-03-01"],
    ["days since 2001-02-28", "all_leap", 1, "2001-02-29"],
    ["hours since 1900-01-01 00:00:00.0", "gregorian", 24 * 365, "1901-01-01"],
    ["days since 1850-1-1", "360_day", 360 + 31, "1851-02-02"],
    ["seconds since 1970-01-01T12:00:00", undefined, 43_200, "1970-01-02"],
    ["minutes since 1969-12-31 23:59", "proleptic_gregorian", -1, "1969-12-31"],
  ])("of %s in the %s calendar are dates", (units, calendar, time, date) => {
    expect(datesOf(units, calendar)?.(time)).toBe(date);
  });

  it("of months and of unknown calendars have no dates", () => {
    expect(datesOf("months since 2000-01-01")).toBeNull();
    expect(datesOf("days since 2000-01-01", "maya")).toBeNull();
  });
});

describe("a damaged file", () => {
  it("of NetCDF 3 is refused in one line wherever it is cut off", () => {
    const whole = classicFile(smallFields(3, [{ attributes: { units: "mm" } }]), 1);
    const path = join(newFolder(), "a.nc");
    for (let length = 4; length < whole.length; length += 3) {
      writeFileSync(path, whole.subarray(0, length));
      expect(() => openNetcdf3(path, length).close()).toThrow(/a\.nc: cannot be read as NetCDF 3/);
    }
  });

  it("of NetCDF 3 is read or refused, whatever a byte of its header is", async () => {
    const whole = classicFile(smallFields(2, [{}]), 2);
    const path = join(newFolder(), "a.nc");
    for (let at = 3; at < 300; at += 4)
      for (const value of [0, 0x7f, 0xff]) {
        const bytes = Buffer.from(whole);
        bytes[at] = value;
        writeFileSync(path, bytes);
        const problem = await openFieldRows({
          path,
          size: bytes.length,
          reading: onlyVariable,
        }).then(
          (file) => file.close(),
          (error: Error) => error.message,
        );
        expect(problem ?? "read").toMatch(/^[^\n]+$/);
      }
  });

  it.each([
    ["NetCDF 4", /cannot be read as NetCDF or Zarr/],
    ["Zarr 3", /cannot be read as NetCDF or Zarr|has .* bytes/],
  ])("of %s is refused in one line", async (name, message) => {
    const [, write] = fieldFormats.find(([format]) => format === name) ?? [];
    const path = (await write?.(newFolder(), smallFields(2, [{}]))) as string;
    const inner = name === "Zarr 3" ? join(path, "pr", "zarr.json") : path;
    truncateSync(inner, Math.floor(readFileSync(inner).length / 2));
    await expect(openFields(path, onlyVariable)).rejects.toThrow(message);
  });

  it("that claims more fields than its bytes can hold is refused before they are read", async () => {
    const [, write] = fieldFormats.find(([format]) => format === "Zarr 3") ?? [];
    const path = (await write?.(newFolder(), smallFields(2, [{}]))) as string;
    const file = join(path, "pr", "zarr.json");
    const metadata = JSON.parse(readFileSync(file, "utf8"));
    writeFileSync(file, JSON.stringify({ ...metadata, shape: [2 ** 27, 2, 3] }));
    await expect(openFields(path, onlyVariable)).rejects.toThrow(/decompression bomb/);
    const chunk_grid = { name: "regular", configuration: { chunk_shape: [2 ** 20, 2 ** 20, 3] } };
    writeFileSync(file, JSON.stringify({ ...metadata, chunk_grid }));
    await expect(openFields(path, onlyVariable)).rejects.toThrow(/has chunks of .* numbers/);
  });
});

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
