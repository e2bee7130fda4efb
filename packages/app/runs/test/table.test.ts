// Tables for terminals: aligned to the character.
import { describe, expect, it } from "vitest";
import { formatNumber, formatTable } from "../src/files/table.js";

describe("formatTable", () => {
  it("aligns numbers right with 4 digits, text left, null as a dash", () => {
    const rows = [
      { method: "DSBM-IMF", n: 6, mean: -0.09891, var: 1 },
      { method: "DSB", n: 12, mean: 0.1, var: null },
    ];
    expect(formatTable(rows)).toBe(
      [
        "method     n     mean  var",
        "────────  ──  ───────  ───",
        "DSBM-IMF   6  -0.0989    1",
        "DSB       12   0.1000    –",
      ].join("\n"),
    );
  });
});

describe("formatNumber", () => {
  it("keeps very small and very large numbers readable, and shows NaN", () => {
    const numbers = [0, 0.12345, 0.00001, -2.5e-7, 3e12, Number.NaN, Number.NEGATIVE_INFINITY];
    expect(numbers.map((n) => formatNumber(n))).toEqual([
      "0.0000",
      "0.1235",
      "1.00e-5",
      "-2.50e-7",
      "3.00e+12",
      "NaN",
      "-Infinity",
    ]);
  });
});
