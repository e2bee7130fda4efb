/** The mean; NaN of no values. */
export const average = (values: readonly number[]): number =>
  values.reduce((sum, x) => sum + x, 0) / values.length;

/** The standard deviation (n − 1); 0 for one value. */
export function deviation(values: readonly number[]): number {
  const mean = average(values);
  return Math.sqrt(
    values.reduce((sum, x) => sum + (x - mean) ** 2, 0) / Math.max(1, values.length - 1),
  );
}
