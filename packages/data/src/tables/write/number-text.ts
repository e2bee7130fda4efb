// The shortest decimal text of a float32: JavaScript's own is that of the double, of up to seventeen digits.

/** The shortest text that is read back as this float32. */
export function float32Text(value: number): string {
  if (Object.is(value, -0)) return "-0";
  for (const digits of [6, 7, 8]) {
    const short = Number(value.toPrecision(digits));
    if (Math.fround(short) === value) return String(short);
  }
  return String(Number(value.toPrecision(9)));
}

/** The shortest text that is read back as this double. */
export const float64Text = (value: number): string => (Object.is(value, -0) ? "-0" : String(value));
