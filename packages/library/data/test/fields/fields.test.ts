import fs, { readFileSync, truncateSync, writeFileSync } from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import { join } from "node:path";
import { openFields, spanText, timesText } from "@dsbm/data";
import { describe, expect, it } from "vitest";
import { datesOf } from "../../src/fields/cf/calendar.js";
import { openFieldRows } from "../../src/fields/read/field-rows.js";
import { openNetcdf3 } from "../../src/fields/read/netcdf3.js";
import { testFolders } from "../files.js";
import { classicFile, fieldFormats, smallFields, type TestVariable } from "./field-files.js";
import { withLevels } from "./level-files.js";

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
const pressures = { values: [85_000, 50_000], units: "Pa" };
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
      "NetCDF's default for whole numbers that were never written",
      { type: "int16", values: [0, 1, 2, 3, -32_767, 5, 6, 7, 8, 9, 10, 11] },
      [3, format.startsWith("Zarr") ? -32_767 : nan, 5, 0, 1, 2, 9, 10, 11, 6, 7, 8],
    ],
    [
      "bytes that stand for unsigned numbers",
      {
        type: "int8",
        values: [0, 1, 2, 3, -1, -2, 6, 7, 127, -128, 10, -100],
        attributes: { _Unsigned: "true", _FillValue: -1, valid_max: -2 },
      },
      [3, nan, 254, 0, 1, 2, 128, 10, 156, 6, 7, 127],
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

  // Longitude by longitude from south to north, 0 1 2 3 4 5 has the northern row 1 3 5.
  it.each<[string, { pr?: string[]; tas?: string[] }, number[]]>([
    ["latitude first", {}, [1.5, 2, 2.5, 0, 0.5, 1, 3, nan, 5, 0, 1, 2]],
    [
      "longitude first",
      { pr: ["time", "lon", "lat"], tas: ["time", "lon", "lat"] },
      [0.5, 1.5, 2.5, 0, 1, 2, 1, 3, 5, 0, 2, nan],
    ],
    [
      "longitude first in one of them",
      { pr: ["time", "lon", "lat"] },
      [1.5, 2, 2.5, 0, 0.5, 1, 1, 3, 5, 0, 2, nan],
    ],
  ])("reads several variables as channels with %s", async (_, dimensions, expected) => {
    const variables = (["pr", "tas"] as const).map((name, k) => ({
      name,
      values: [0, 1, 2, 3, 4, 5].map((x) => x / (k + 1)),
      ...(dimensions[name] && { dimensions: dimensions[name] }),
    }));
    const path = await write(newFolder(), smallFields(1, variables));
    expect((await readAll(path, { variables: ["tas", "pr"], marks: [4] })).values).toEqual(
      expected,
    );
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

  it.each<[string, string[], (number[] | string)[]]>([
    ["time, lev, lat, lon", ["ta"], ["ta@850", northFirst, "ta@500", northFirst.map((x) => x + 6)]],
    ["time, lat, lev, lon", ["ta@850"], ["ta@850", [6, 7, 8, 0, 1, 2]]],
    [
      "time, lat, lev, lon",
      ["ta@500", "ta@850"],
      ["ta@500", [9, 10, 11, 3, 4, 5], "ta@850", [6, 7, 8, 0, 1, 2]],
    ],
    ["time, lon, lat, lev", ["pr", "ta@500.0"], ["pr", northFirst, "ta@500", [3, 7, 11, 1, 5, 9]]],
  ])("reads levels in the order %s as channels", async (order, variables, expected) => {
    const ta = { name: "ta", dimensions: order.split(", "), values: [...Array(24).keys()] };
    const path = await write(newFolder(), withLevels(smallFields(2, [{}]), pressures, [ta]));
    const { grid, values } = await readAll(path, { variables, marks: [] });
    const channels = grid.channels.flatMap(({ name }, k) => [name, values.slice(6 * k, 6 * k + 6)]);
    expect(channels).toEqual(expected);
    const { level } = grid.channels[variables.length - 1];
    expect(level?.value).toBe(level?.label === "850" ? 85_000 : 50_000);
  });

  it.each<[string, string[] | null, RegExp]>([
    ["several without a choice", null, /has the variables pr, tas, wind: write data\.variables=pr/],
    ["an unknown one", ["tos"], /has no variable tos; did you mean "tas"\?/],
    [
      "an unknown level",
      ["wind@900"],
      /has no level 900: expected wind for all levels, or some of wind@850/,
    ],
    ["a level without a name", ["wind@"], /wind@ names no level: .* some of wind@850, wind@500/],
    ["a level of others", ["pr@850"], /pr has no level 850: expected pr alone/],
    ["a level twice", ["wind@850", "wind"], /wind@850 is chosen twice/],
    [
      "levels without times",
      ["soil"],
      /soil is lev 2 × lat 2 × lon 3: expected numbers of time × latitude .* ncecat -u time/,
    ],
  ])("refuses %s", async (_, variables, message) => {
    const zeros = [...Array(24).keys()];
    const wind = { name: "wind", dimensions: ["time", "lev", "lat", "lon"], values: zeros };
    const soil = { name: "soil", dimensions: ["lev", "lat", "lon"], values: zeros.slice(12) };
    const two = smallFields(2, [{}, { name: "tas" }]);
    const path = await write(newFolder(), withLevels(two, pressures, [wind, soil]));
    await expect(readAll(path, { ...onlyVariable, variables })).rejects.toThrow(message);
  });
});

it("reads a chunk of Zarr once, although several of its levels are chosen", async () => {
  const [, write] = fieldFormats.find(([format]) => format === "Zarr 2") ?? fieldFormats[0];
  const dimensions = ["time", "lev", "lat", "lon"];
  const ta = { name: "ta", dimensions, values: [...Array(24).keys()] };
  const path = await write(newFolder(), withLevels(smallFields(2, [{}]), pressures, [ta]));
  const reading = { variables: ["ta@850", "ta@500"], marks: [] };
  const file = await openFieldRows({ path, size: 10_000, reading });
  const { readFileSync: readFile } = fs;
  const paths: string[] = [];
  fs.readFileSync = ((...words: Parameters<typeof readFile>) => {
    paths.push(String(words[0]));
    return readFile(...words);
  }) as typeof readFile;
  syncBuiltinESMExports();
  try {
    await file.read(0, 2);
  } finally {
    fs.readFileSync = readFile;
    syncBuiltinESMExports();
  }
  expect(paths).toEqual([join(path, "ta", "0.0.0.0")]);
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
    ["days since 0001-01-01", "standard", 730_121, "2000-01-01"],
    ["days since 0001-01-01", "proleptic_gregorian", 730_119, "2000-01-01"],
    ["days since 1582-10-15", "gregorian", -1, "1582-10-04"],
    ["days since 1900-01-01", "julian", 59, "1900-02-29"],
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
