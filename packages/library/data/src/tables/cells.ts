const missing = new Set(["", "na", "n/a", "nan", "null"]);
const decimalComma = /^\s*[+-]?(\d+,\d*|,\d+)([eE][+-]?\d+)?\s*$/;
const infinite = /^[+-]?inf(inity)?$/i;

/** Empty, NA, N/A, NaN, null, in any case. */
export const isMissing = (text: string): boolean =>
  text.length <= 4 ? missing.has(text.trim().toLowerCase()) : text.trim() === "";

export const asNumber = (value: unknown): number =>
  value === null || value === undefined ? Number.NaN : Number(value);

export const hasComma = (text: string): boolean => decimalComma.test(text);

/** NaN for a missing value, ∞ for an infinite one of either sign, undefined for a text that is no number. */
export function numberOf(text: string, decimal: "." | ","): number | undefined {
  if (decimal === "," && text.includes(","))
    return hasComma(text) ? Number(text.replace(",", ".")) : undefined;
  const value = Number(text);
  // Number() reads blanks as 0, and 0x10, 0b1, 0o7 as numbers.
  if (!Number.isNaN(value)) {
    if (value === 0 && text.trim() === "") return Number.NaN;
    return /^\s*0[xbo]/i.test(text) ? undefined : value;
  }
  if (isMissing(text)) return Number.NaN;
  return infinite.test(text.trim()) ? Number.POSITIVE_INFINITY : undefined;
}
