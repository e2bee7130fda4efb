import type { DType } from "@dsbm/torch";

/** The next number of a dtype in the direction `sign`; other dtypes than float32 and float64 keep their number. */
export function neighbour(value: number, sign: 1 | -1, dtype: DType): number {
  if (dtype === "float32") {
    const number = new Float32Array([value]);
    const bits = new Int32Array(number.buffer);
    if (number[0] === 0) return sign * 2 ** -149;
    bits[0] = bits[0] + (number[0] > 0 ? sign : -sign);
    return number[0];
  }
  if (dtype !== "float64") return value;
  if (value === 0) return sign * Number.MIN_VALUE;
  const number = new Float64Array([value]);
  const bits = new BigInt64Array(number.buffer);
  bits[0] = bits[0] + BigInt(value > 0 ? sign : -sign);
  return number[0];
}
