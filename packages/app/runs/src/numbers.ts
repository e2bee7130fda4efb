// Numbers as a reader sees them, in reports and sentences.

/** A number as text; whole numbers below 10⁹ keep all digits. */
export function digits(value: number | null | undefined, significant = 3): string {
  if (value === null || value === undefined) return "–";
  if (Number.isNaN(value)) return "not a number";
  const size = Math.abs(value);
  if (size === Number.POSITIVE_INFINITY) return value > 0 ? "∞" : "−∞";
  if (size < 1e9 && Number.isInteger(value)) return withSign(value.toLocaleString("en-US"));
  if (size >= 1e6 || size < 1e-3) {
    const [mantissa, exponent] = value.toExponential(significant - 1).split("e");
    return withSign(`${mantissa} × 10${superscript(Number(exponent))}`);
  }
  const places = Math.max(0, significant - 1 - Math.floor(Math.log10(size)));
  const exactly = { minimumFractionDigits: places, maximumFractionDigits: places };
  return withSign(value.toLocaleString("en-US", exactly));
}

/** A share of 1 in whole per cent. Shares between 0 and 1 never become 0 % or 100 %. */
export function percent(share: number): string {
  if (share > 0 && share < 0.01) return "less than 1 %";
  if (share > 0.99 && share < 1) return "more than 99 %";
  return `${Math.round(100 * share)} %`;
}

const withSign = (text: string) => text.replace(/^-/, "−");
const superscript = (n: number) =>
  [...String(n)].map((c) => (c === "-" ? "⁻" : "⁰¹²³⁴⁵⁶⁷⁸⁹"[Number(c)])).join("");
