// Static fields and seasons of files of fields, which networks receive as conditions, and equal grids and units.
import { decodeNumbers, isSameAxis, loadTable, prepareTable, unitConversion } from "@dsbm/data";
import { describe, expect, it } from "vitest";
import { seasonsOf } from "../../src/fields/cf/calendar.js";
import { openFieldRows } from "../../src/fields/read/field-rows.js";
import { testFolders } from "../files.js";
import { fieldFormats, smallFields } from "./field-files.js";

const newFolder = testFolders();

/** Rows of the grid from north to south of the values 0 … 5 from south to north. */
const northFirst = [3, 4, 5, 0, 1, 2];

describe.each(fieldFormats)("%s", (_, write) => {
  it("reads static fields north first, with a time and without", async () => {
    const height = { name: "orog", dimensions: ["lat", "lon"], values: [0, 1, 2, 3, 4, 5] };
    const bounds = { name: "lat_bnds", dimensions: ["lat", "bnds"], values: [5, 15, 15, 25] };
    const content = smallFields(1, [height, { name: "lsm" }, bounds]);
    const dimensions = { ...content.dimensions, bnds: 2 };
    const path = await write(newFolder(), { ...content, dimensions });
    const statics = [2, 3] as const;
    const openStatics = (variables: string[] | null) =>
      openFieldRows({ path, size: 10_000, reading: { variables, marks: [], statics } });
    const file = await openStatics(null);
    expect(file.grid.channels.map(({ name }) => name).sort()).toEqual(["lsm", "orog"]);
    expect([...(await file.read(0, 1))]).toEqual([...northFirst, ...northFirst]);
    file.close();
    await expect(openStatics(["pr"])).rejects.toThrow(
      /has no pr without times on 2×3 cells; there are (orog, lsm|lsm, orog)/,
    );
  });
});

it("has seasons and static fields as conditions, and refuses files without dates and of other places", async () => {
  const folder = newFolder();
  const [, write] = fieldFormats[0];
  const height = { name: "orog", dimensions: ["lat", "lon"], values: [0, 1, 2, 3, 4, 5] };
  const path = await write(folder, smallFields(20, [{}, height]));
  const shifted = smallFields(1, [height]);
  const lat = (file: typeof shifted, values: number[]) => ({
    ...file,
    variables: file.variables.map((one) => (one.name === "lat" ? { ...one, values } : one)),
  });
  const far = await write(folder, lat(shifted, [30, 40]), "far");
  const load = { directory: newFolder(), split: "train" as const };
  const name = `fields:${path}`;
  const taken = { ...load, fields: { season: true, variables: ["pr"], static: ["orog"] } };
  await prepareTable(name, taken);
  const { condition, fields, origin } = loadTable(name, taken);
  const rows = Array.from(origin?.rows.toNumbers() ?? []);
  // 1999-12-31 is the last day of 365.
  const expected = rows.map((row) => Math.fround(((364 + row) % 365) / 365));
  expect(Array.from(condition?.flatten().toNumbers() ?? [])).toEqual(expected);
  const heights = [...decodeNumbers(fields?.statics?.values ?? "")];
  const deviation = Math.sqrt(35 / 12);
  for (const [i, value] of northFirst.entries())
    expect(heights[i]).toBeCloseTo((value - 2.5) / deviation, 6);
  const elsewhere = { ...taken, fields: { ...taken.fields, static: [far] } };
  await expect(prepareTable(name, elsewhere)).rejects.toThrow(
    /data\.static=.*far\.nc: has lat 40 to 30, .*a\.nc has lat 20 to 10: expected one grid/,
  );
  const bare = smallFields(20, [{}]);
  const timeless = bare.variables.filter((one) => one.name !== "time");
  const other = await write(folder, { ...bare, variables: timeless }, "bare");
  await expect(
    prepareTable(`fields:${other}`, { ...load, fields: { season: true } }),
  ).rejects.toThrow(/data\.season=true needs dates, .*bare\.nc has 20 times without/);
});

it.each([
  ["days since 2001-01-01", "noleap", 73, 0.2],
  ["days since 2000-12-31", "standard", 0.5, 365.5 / 366],
  ["hours since 2001-01-01 12:00", "standard", 0, 0.5 / 365],
  ["days since 1850-01-01", "360_day", 360 * 3 + 90, 0.25],
  ["days since 2000-07-01", "all_leap", -182, 0],
])("times of %s in the %s calendar have a season", (units, calendar, time, season) => {
  expect(seasonsOf(units, calendar)?.(time)).toBeCloseTo(season, 9);
});

it.each([
  [[-180, -170], [180, 190], "degrees_east", true],
  [[0, 10], [360, 370], "degrees", true],
  [[0, 10], [4, 14], "degrees_east", true],
  [[0, 10], [6, 16], "degrees_east", false],
  [[-5, 5], [355, 5], "degrees_east", true],
  [[-10, 0], [0, 10], "degrees_east", false],
  [[0, 10], [360, 370], "m", false],
])("axes from %j and from %j in %s are one axis up to turns: %s", (a, b, units, isSame) => {
  const axis = (values: number[]) => ({ name: "x", size: 2, values, attributes: { units } });
  expect(isSameAxis(axis(a), axis(b))).toBe(isSame);
});

it.each([
  ["mm/d", "mm day-1", 1, 1],
  ["mm d^-1", "mm / day", 1, 1],
  ["kg m-2 s-1", "mm/day", 2 / 86_400, 2],
  ["kg/m2/s", "kg m**-2 s**-1", 1, 1],
  ["mm/h", "mm/day", 1, 24],
  ["Pa", "hPa", 101_325, 1013.25],
  ["degC", "K", 10, 283.15],
  ["K", "degrees_Celsius", 283.15, 10],
  ["g kg-1", "kg kg-1", 5, 0.005],
  ["1", "%", 0.25, 25],
  ["K/km", "degC/km", 6.5, 6.5],
  ["degrees C", "Kelvin", 10, 283.15],
  ["deg_F", "celsius", 50, 10],
  ["fraction", "percent", 0.25, 25],
  ["(0 - 1)", "1", 0.25, 0.25],
  ["10^-3", "psu", 35, 35],
  ["kg/(m^2 s)", "mm per day", 1 / 86_400, 1],
  ["m of water equivalent", "kg m**-2", 0.005, 5],
  ["W m-2", "MJ m-2 day-1", 11.5740740740741, 1],
  ["kilometers/hour", "m.s-1", 36, 10],
  ["knots", "m s-1", 1, 1852 / 3600],
  ["hectopascals", "millibars", 5, 5],
  ["µg m-3", "kg/m3", 1e9, 1],
  ["inches", "mm", 1, 25.4],
  ["degrees", "rad", 180, Math.PI],
  ["degree", "degC", 1, null],
  ["K", "mm/day", 1, null],
  ["m s-1", "m s-2", 1, null],
  ["mm/month", "mm/day", 1, null],
])("values in %s are converted to %s: %s becomes %s", (from, to, value, expected) => {
  const conversion = unitConversion(from, to);
  const result = conversion && value * conversion.scale + conversion.offset;
  if (expected === null) expect(result).toBeNull();
  else expect(result).toBeCloseTo(expected, 9);
});
