// Units of columns: means and deviations of both ends, limits of generated values, and classes.
import {
  boundsOf,
  conditionWidth,
  decodeCondition,
  encodeCondition,
  fitCondition,
  fitTransform,
  limitsOf,
  type OwnOptions,
  RowUnits,
  rangeItems,
  Units,
} from "@dsbm/data";
import { tensor, tidy } from "@dsbm/torch";
import { describe, expect, it } from "vitest";
import { refusal, testFolders } from "../files.js";
import { loadText } from "./tables.js";

const folder = testFolders();
const load = (content: string, options: OwnOptions = {}) => loadText(folder(), content, options);

describe("the transform", () => {
  const facts = async (columns: string, options: OwnOptions = {}) =>
    (await load(columns, options)).train.facts!;
  const rows = (f: (i: number) => (number | string)[]) =>
    `a,b,c\n${Array.from({ length: 400 }, (_, i) => f(i).join()).join("\n")}\n`;
  const alternate = (i: number) => (i % 2 === 0 ? 1 : -1);

  it("has mean and deviation of the training rows of both ends together", async () => {
    const source = await facts(rows((i) => [1 + alternate(i), 1e6 * alternate(i), 5]));
    const target = await facts(rows((i) => [5 + alternate(i), 1e6 * alternate(i), 5]));
    for (const standardise of ["columns", "global", "none"] as const) {
      const { mean, std } = fitTransform([source, target], standardise);
      // Half of the training rows are not exactly at each value.
      expect(Math.abs(mean[0]! - (standardise === "none" ? 0 : 3))).toBeLessThan(0.1);
      expect(mean[2]).toBe(5);
      expect(std[2]).toBe(0);
      const expected = {
        columns: [Math.sqrt(5), 1e6],
        global: [1e6 / Math.SQRT2, 1e6 / Math.SQRT2],
        none: [1, 1],
      };
      expect(std[0]! / expected[standardise][0]!).toBeCloseTo(1, 1);
      expect(std[1]! / expected[standardise][1]!).toBeCloseTo(1, 1);
    }
  });

  it("is undone, and constant columns keep their values exactly", async () => {
    const source = await facts(rows((i) => [0.1 * i, 1e-3 * i, 0.1]));
    const transform = fitTransform([source, source], "columns");
    const columns = [
      [7, 8, 9],
      [0, 0.3, 2],
      [0.1, 0.1, 0.1],
    ].map((x) => Float64Array.from(x));
    const units = new Units({ names: ["a", "b", "c"], named: true, transform });
    const z = tidy(() => units.apply(columns).toArray() as Float32Array);
    expect([z[2], z[5], z[8]]).toEqual([0, 0, 0]);
    z[5] = 3;
    const back = tidy(() => units.undo(tensor(z, { shape: [3, 3] })));
    for (const i of [0, 1, 2]) {
      expect(back[0]![i]).toBeCloseTo(columns[0][i], 4);
      expect(back[1]![i]).toBeCloseTo(columns[1]![i]!, 6);
      expect(back[2]![i]).toBe(0.1);
    }
  });

  it("of a robust scale keeps the middle half, draws far values in, and is undone with its derivative", async () => {
    // 400 rows from −200 to 199, of which two are a million.
    const far = (i: number) => (i === 7 || i === 90 ? 1e6 : i - 200);
    const source = await facts(rows((i) => [far(i), i, 3]));
    const transform = fitTransform([source, source], "robust");
    expect(Math.abs(transform.mean[0]!)).toBeLessThan(3);
    expect(Math.abs(transform.std[0]! / (200 / 1.349) - 1)).toBeLessThan(0.05);
    expect(transform.std[2]).toBe(0);
    const units = new Units({ names: ["a", "b", "c"], named: true, transform });
    const columns = [
      [-150, 20, 1e6],
      [1, 2, 3],
      [3, 3, 3],
    ].map((x) => Float64Array.from(x));
    const z = tidy(() => units.apply(columns).keep());
    expect(Math.max(...tidy(() => z.toNumbers()))).toBeLessThan(12);
    const back = tidy(() => units.undo(z));
    for (const [k, column] of columns.entries())
      for (const [i, value] of column.entries()) expect(back[k]![i]! / value).toBeCloseTo(1, 3);
    // The derivative of the way back, against a difference.
    const step = 1e-3;
    const ones = tidy(() => z.mul(0).add(1).keep());
    const slopes = tidy(() => units.undoVectors(z, ones));
    const moved = tidy(() => units.undo(z.add(step)));
    for (const i of [0, 1, 2])
      expect((moved[0]![i]! - back[0]![i]!) / step / slopes[0]![i]!).toBeCloseTo(1, 2);
    for (const t of [z, ones]) t.dispose();
  });

  it("of a robust scale measures the other values where most rows have one", async () => {
    // Nine of ten rows are 0, the others lie evenly between 1,000 and 5,000; b has two values.
    const source = await facts(rows((i) => [i % 10 ? 0 : 1000 + 10 * i, Number(i % 10 === 0), i]));
    expect(source.spread.slice(0, 2)).toEqual([0, 0]);
    const { mean, std } = fitTransform([source, source], "robust");
    expect(mean[0]).toBe(0);
    expect(Math.abs(std[0]! / (2000 / 1.349) - 1)).toBeLessThan(0.1);
    expect(std[1]).toBeCloseTo(Math.sqrt(source.moments.variance[1]!), 6);
  });

  it("has as many rows at an end of a group's tail as the group alone, also if groups lie far apart", async () => {
    // Logistic quantiles around 0 and 40; b is uniform, and ends at its bounds.
    const tail = (i: number) => Math.log((i + 0.5) / (199.5 - i));
    const { edges } = await facts(rows((i) => [tail(i % 200) + (i < 200 ? 0 : 40), i / 400, i]));
    for (const shares of [edges.low, edges.high]) {
      expect(shares[0]).toBeLessThan(0.02);
      expect(shares[1]).toBeCloseTo(0.025, 1);
    }
  });

  it("holds generated values to the data's range, a written one, and whole numbers", async () => {
    const names = ["a", "b", "c"];
    const all = await facts(rows((i) => [i % 10, i / 100, i % 3]));
    const bounds = boundsOf([all, all]);
    expect(bounds.whole).toEqual([true, false, true]);
    // Of a course, the middle dataset counts too.
    const middle = { ...all, range: { min: [-7, 0, 0], max: [9, 80, 2] } };
    expect(limitsOf(names, boundsOf([all, middle, all]), { range: true, integer: null })).toEqual({
      min: [-7, 0, 0],
      max: [9, 80, 2],
      whole: [false, false, false],
    });
    const limited = limitsOf(names, bounds, { range: ["a", "b:..1"], integer: null });
    expect(rangeItems(names, limited, ["c"])).toEqual(["a:0..9", "b:..1", "c"]);
    const transform = fitTransform([all], "columns");
    const made = [
      [-4, 4.4, 12],
      [0.6, 9, -9],
      [1.6, 0, 0],
    ].map((x) => Float64Array.from(x));
    const held = (range: true | string[] | null, integer: true | string[] | null) => {
      const limits = limitsOf(names, bounds, { range, integer });
      const units = new Units({ names, named: true, transform, limits });
      const columns = tidy(() => units.undo(units.apply(made))).map((x) => Array.from(x));
      const rowUnits = new RowUnits(transform, [0, 0, 0], limits);
      const byRows = tidy(() => {
        const x = tensor(Float64Array.from([0, 1, 2].flatMap((i) => made.map((c) => c[i]!))), {
          shape: [3, 3],
        });
        return rowUnits.undo(rowUnits.apply(x.to("float32"))).toNumbers();
      });
      rowUnits.dispose();
      for (const [i, value] of byRows.entries())
        expect(value).toBeCloseTo(columns[i % 3]![Math.floor(i / 3)]!, 3);
      return columns.map((column) => column.map((x) => Math.round(1000 * x) / 1000 + 0));
    };
    expect(held(true, true)).toEqual([
      [0, 4, 9],
      [0.6, 3.99, 0],
      [2, 0, 0],
    ]);
    expect(held(["a", "b:..1"], ["b"])).toEqual([
      [0, 4.4, 9],
      [1, 1, -9],
      [1.6, 0, 0],
    ]);
    expect(held(["c:0.5.."], null)[2]).toEqual([1.6, 0.5, 0.5]);
    expect(held(["b:2..2"], null)[1]).toEqual([2, 2, 2]);
  });

  it("has limits of named columns alone, and refuses other names and ranges", async () => {
    const names = ["a", "b", "c"];
    const all = await facts(rows((i) => [i % 10, i / 100, i % 3]));
    const bounds = boundsOf([all, all]);
    expect(limitsOf(names, bounds, { range: null, integer: null })).toBeNull();
    expect(limitsOf(names, bounds, { range: null, integer: ["c"] })).toEqual({
      min: Array(3).fill(Number.NEGATIVE_INFINITY),
      max: Array(3).fill(Number.POSITIVE_INFINITY),
      whole: [false, false, true],
    });
    for (const [range, message] of [
      [["dddd"], /data.range=dddd: no such column is trained on; there are a, b, c/],
      [["a:x..1"], /data.range=a:x..1: expected COLUMN, or COLUMN:LOW..HIGH/],
      [["a:2..1"], /expected COLUMN, or COLUMN:LOW..HIGH/],
    ] as const)
      expect(() => limitsOf(names, bounds, { range, integer: null })).toThrow(
        refusal("InvalidOption", message),
      );
  });

  it("names missing names as NEW does, and writes numbers that float32 would round in float64", () => {
    const base = { standardise: "columns" as const, log1p: false };
    // Constants that float32 holds and does not hold, and means within and beyond 1,000 deviations.
    const transform = { ...base, mean: [0.5, 0.1, -900, -1100], std: [0, 0, 1, 1] };
    const names = ["0", "1", "2", "3"];
    const dtypes = ["float32", "float64", "float32", "float64"];
    const columnsIn = (facts: object, given?: string[]) =>
      new Units({ names, named: false, transform, ...facts }).columns(given);
    expect(columnsIn({}).map(({ dtype }) => dtype)).toEqual(dtypes);
    expect(columnsIn({ transform: { ...transform, log1p: true } })[3].dtype).toBe("float32");
    expect(columnsIn({ transform: null })[1].dtype).toBe("float32");
    const namesIn = (named: boolean, given?: string[]) =>
      columnsIn({ named }, given).map(({ name }) => name);
    expect(namesIn(true, ["a", "b", "c", "d"])).toEqual(names);
    expect(namesIn(false, ["a", "b"])).toEqual(["a", "b", "2", "3"]);
    expect(namesIn(false)).toEqual(names);
  });

  it("takes log(1 + x), and refuses negative values", async () => {
    const f = await facts(
      rows((i) => [i, 2 * i, 1]),
      { log1p: true },
    );
    expect(f.range.max[0]).toBeCloseTo(Math.log(400), 10);
    const transform = fitTransform([f], "columns");
    const units = new Units({ names: ["a", "b", "c"], named: true, transform });
    const pair = (x: number, y: number) => Float64Array.of(x, y);
    const back = tidy(() => units.undo(units.apply([pair(0, 9), pair(1, 1), pair(1, 1)])));
    expect(back[0]![1]).toBeCloseTo(9, 3);
    await expect(facts("a\n1\n-0.5\n3\n", { log1p: true })).rejects.toThrow(
      refusal("BadTable", /column a has -0.5 in row 2, which data.log1p=true cannot take/),
    );
  });
});

it("numbers are classes if they are codes, and source and target have the classes of both", async () => {
  const coded = (cells: string[], options: OwnOptions = {}) =>
    load(["x,k", ...cells.map((k, i) => `${i},${k}`)].join("\n"), { condition: "k", ...options });
  const source = await coded(["4", "10", "4.0", "10", "8"], { classes: true });
  const target = await coded(["10", "3", "4", "4", "3"], { classes: true });
  const ends = [source.train.facts!, target.train.facts!];
  const condition = fitCondition(ends)!;
  expect(condition.classes).toEqual(["3", "4", "8", "10"]);
  for (const [i, { train }] of [source, target].entries()) {
    const own = ends[i]!.condition!.classes;
    using rows = encodeCondition(condition, train.condition!, own);
    const labels = tidy(() => rows.argmax({ dim: 1 }).toNumbers()).map(
      (k) => condition.classes![k],
    );
    const codes = tidy(() => train.condition!.toNumbers()).map((k) => own![k]);
    expect(labels).toEqual(codes);
  }
  const other = await coded(["1", "2", "1"], { classes: true });
  expect(() => fitCondition([ends[0]!, other.train.facts!])).toThrow(
    refusal("InvalidOption", /no class of .* \(4, 8, 10\) is one of .* \(1, 2\)/),
  );
});

it("numbers as a condition are scaled by mean and deviation of all rows, and come back; no class gives no input", async () => {
  const dosed = (cells: readonly (string | number)[], options: OwnOptions = {}) =>
    load(["x,k", ...cells.map((k, i) => `${i},${k}`)].join("\n"), { condition: "k", ...options });
  // Unequal sizes and means, so that a mean of both means is wrong.
  const tables = [await dosed([1, 2, 4, 1, 3, 9, 7, 8, 2, 5]), await dosed([40, 10, 22, 35])];
  const ends = tables.map(({ train }) => train.facts!);
  const values = tables.map(({ train }) => tidy(() => train.condition!.toNumbers()));
  const all = values.flat();
  const mean = all.reduce((sum, k) => sum + k, 0) / all.length;
  const std = Math.sqrt(all.reduce((sum, k) => sum + (k - mean) ** 2, 0) / all.length);
  const condition = fitCondition(ends)!;
  expect(condition).toMatchObject({ name: "k", classes: null });
  expect([condition.mean, condition.std]).toEqual([
    expect.closeTo(mean, 9),
    expect.closeTo(std, 9),
  ]);
  for (const [i, { train }] of tables.entries()) {
    using rows = encodeCondition(condition, train.condition!);
    expect(rows.shape).toEqual([values[i].length, 1]);
    const z = tidy(() => rows.flatten().toNumbers());
    values[i].forEach((k, j) => {
      expect(z[j]).toBeCloseTo((k - mean) / std, 5);
      expect(decodeCondition(condition, rows)[j]).toBeCloseTo(k, 4);
    });
  }
  const constant = fitCondition([(await dosed([3, 3, 3])).train.facts!])!;
  using zeros = encodeCondition(constant, tensor([3, 4], { shape: [2, 1], dtype: "float64" }));
  expect(tidy(() => zeros.flatten().toNumbers())).toEqual([0, 1]);

  const classes = await dosed(["a", "b", "c", "a"]);
  const named = fitCondition([classes.train.facts!])!;
  expect([null, condition, named].map(conditionWidth)).toEqual([0, 1, 3]);
  using codes = encodeCondition(named, tensor([1, 0], { shape: [2, 1], dtype: "float64" }), [
    "z",
    "b",
  ]);
  expect(tidy(() => codes.flatten().toNumbers())).toEqual([0, 1, 0, 0, 0, 0]);
  expect(tidy(() => decodeCondition(named, codes.narrow(0, 0, 1)))).toEqual(["b"]);
  expect(() => fitCondition([ends[0], classes.train.facts!])).toThrow(
    refusal(
      "InvalidOption",
      /data\.condition=k holds numbers in one dataset and texts in the other/,
    ),
  );
  const free = (await load("x,k\n1,2\n3,4\n5,6\n")).train.facts!;
  expect(fitCondition([ends[0], free])).toBeNull();
});
