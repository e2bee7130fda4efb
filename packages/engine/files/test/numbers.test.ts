// Numbers as readers see them: a minus sign, no digits lost from whole numbers, and no exponents of programs.
import { describe, expect, it } from "vitest";
import { digits, fixedNumber, nounOf, percent, shortNumber } from "../src/numbers.js";

describe("a number", () => {
  it.each([
    [0, "0", "0"],
    [-0.5, "−0.500", "−0.5"],
    [12_345, "12,345", "12345"],
    [-1_234_567, "−1,234,567", "−1234567"],
    [2e6, "2,000,000", "2 × 10⁶"],
    [0.1 + 0.2, "0.300", "0.3"],
    [0.9999, "1.00", "0.9999"],
    [1234.56, "1,235", "1235"],
    [-0.000_25, "−2.50 × 10⁻⁴", "−2.5 × 10⁻⁴"],
    [3e12, "3.00 × 10¹²", "3 × 10¹²"],
    [Number.NEGATIVE_INFINITY, "−∞", "−∞"],
    [Number.NaN, "not a number", "not a number"],
    [null, "–", "–"],
  ])("%s is %s with three digits, and %s if short", (value, full, short) => {
    expect([digits(value), shortNumber(value)]).toEqual([full, short]);
  });

  it("has as many places as asked, and a minus sign", () => {
    expect([fixedNumber(-0.5, 2), fixedNumber(3, 2)]).toEqual(["−0.50", "3.00"]);
  });

  it.each([
    [0, "rows"],
    [1, "row"],
    [2, "rows"],
  ])("after %i stands %s", (count, noun) => {
    expect(nounOf(count, "row")).toBe(noun);
  });

  it.each([
    [0.004, "less than 1 %"],
    [0.5, "50 %"],
    [0.999, "more than 99 %"],
    [1, "100 %"],
  ])("%s of 1 is %s", (share, text) => {
    expect(percent(share)).toBe(text);
  });
});
