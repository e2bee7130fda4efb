// Numbers as a reader of reports, pages and sentences sees them: with a minus sign, and powers of ten.

/** A number as text of `significant` digits; whole numbers below 10⁹ keep all digits. */
export function digits(value: number | null | undefined, significant = 3): string {
  if (value === null || value === undefined) return "–";
  if (Number.isNaN(value)) return "not a number";
  const size = Math.abs(value);
  if (size === Number.POSITIVE_INFINITY) return value > 0 ? "∞" : "−∞";
  if (size < 1e9 && Number.isInteger(value)) return withMinus(value.toLocaleString("en-US"));
  if (size >= 1e6 || size < 1e-3) return powerOfTen(value.toExponential(significant - 1));
  // Of the rounded number: 0.9999 has three digits as 1.00.
  const rounded = Number(size.toPrecision(significant));
  const places = Math.max(0, significant - 1 - Math.floor(Math.log10(rounded)));
  const exactly = { minimumFractionDigits: places, maximumFractionDigits: places };
  return withMinus(value.toLocaleString("en-US", exactly));
}

/** A number as it is typed, without zeros at its end: at most `significant` digits, and all digits of whole numbers. */
export function shortNumber(value: number | null | undefined, significant = 4): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return digits(value);
  const rounded = Number(value.toPrecision(significant));
  const size = Math.abs(value);
  if (Number.isInteger(value) && size < (rounded === value ? 1e6 : 1e9))
    return withMinus(String(value));
  if (size >= 1e6 || size < 1e-3) return powerOfTen(rounded.toExponential());
  return withMinus(String(rounded));
}

/** A number with `places` digits after its point: as wide as its neighbours. */
export const fixedNumber = (value: number, places: number): string =>
  withMinus(value.toFixed(places));

/** A noun after a count: "1 row", and any other number of "rows". */
export const nounOf = (count: number, noun: string, plural = `${noun}s`): string =>
  count === 1 ? noun : plural;

/** A share of 1 in whole per cent. Shares between 0 and 1 never become 0 % or 100 %. */
export function percent(share: number): string {
  if (share > 0 && share < 0.01) return "less than 1 %";
  if (share > 0.99 && share < 1) return "more than 99 %";
  return `${Math.round(100 * share)} %`;
}

const withMinus = (text: string) => text.replace(/^-/, "−");

function powerOfTen(text: string): string {
  const [mantissa, exponent] = text.split("e");
  return withMinus(`${mantissa} × 10${superscript(Number(exponent))}`);
}

const superscript = (n: number) =>
  [...String(n)].map((c) => (c === "-" ? "⁻" : "⁰¹²³⁴⁵⁶⁷⁸⁹"[Number(c)])).join("");
