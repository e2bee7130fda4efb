// Columns that are sums of multiples of others, by construction.
import { dependentColumns } from "@dsbm/data";
import { randn, type Tensor, tensor, tidy } from "@dsbm/torch";
import { expect, it } from "vitest";
import { generatorOf } from "../../../../../test/support/numbers.js";

const rows = 400;
const normalNumbers = tidy(() => randn([6 * rows], { generator: generatorOf(3) }).toNumbers());
const noise = Array.from({ length: rows }, (_, i) => normalNumbers.slice(6 * i, 6 * i + 6));

/** A dataset [rows, d] from six normal numbers a row. */
const dataset = (columnsOf: (z: number[], i: number) => number[]): Tensor =>
  tensor(noise.map(columnsOf));

const dependents = (columnsOf: (z: number[], i: number) => number[], names: string): string[] =>
  tidy(() => {
    // The second dataset has another place: medians are no linear maps.
    const other = dataset((z, i) => columnsOf(z, i).map((x, k) => x + k));
    return dependentColumns([dataset(columnsOf), other], names.split(" "), (k) => k === 5);
  }).map(({ name, from }) => `${name} from ${from.join(" ")}`);

it.each<[string, (z: number[], i: number) => number[], string[]]>([
  ["normal columns", (z) => z.slice(0, 4), []],
  ["a total", ([a, b, c]) => [a, b, c, a + b + c], ["d from a b c"]],
  ["a total before its parts", ([a, b, c]) => [a + b, a, b, c], ["c from a b"]],
  ["a rounded mean", ([a, b, c]) => [a, b, c, Math.round(50 * (a + b)) / 100], ["d from a b"]],
  ["shares of a whole", ([a, b, c]) => [a, b, c, 100 - a - b - c], ["d from a b c"]],
  [
    "a small part is not named",
    ([a, b, c]) => [a, b, 0.001 * c, a + b + 0.001 * c],
    ["d from a b"],
  ],
  ["a multiple of one column is a twin", ([a, b, c]) => [a, b, c, 2 * b + 1], []],
  ["noise of 5 %", ([a, b, c, e]) => [a, b, c, a + b + 0.05 * e], []],
  ["a product", ([a, b, c]) => [a, b, c, a * b], []],
  [
    "one far row makes columns alike, but only there",
    ([a, b, c, e], i) => [a, b, c, e].map((x, k) => x + (i === 9 ? 1e5 * (k + 1) : 0)),
    [],
  ],
  [
    "amounts that are mostly 0",
    ([a, b, c], i) => (i % 9 ? [0, 0, c, 0] : [a ** 8, b ** 8, c, a ** 8 + b ** 8]),
    ["d from a b"],
  ],
  ["an ignored column", ([a, b, c, e, f]) => [a, b, c, e, f, a + b], []],
])("%s", (_, columnsOf, expected) => {
  const names = "a b c d e f".split(" ").slice(0, columnsOf(noise[0], 0).length);
  expect(dependents(columnsOf, names.join(" "))).toEqual(expected);
});

it("fewer rows than twice the columns say nothing", () =>
  tidy(() => {
    const few = dataset(([a, b, c]) => [a, b, c, a + b]).narrow(0, 0, 3);
    expect(dependentColumns([few, few], ["a", "b", "c", "d"], () => false)).toEqual([]);
  }));
