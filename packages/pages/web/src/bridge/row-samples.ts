import { type Rows, type Samples, WebBridgeError } from "./bridge.js";

const isSamples = (rows: Rows): rows is Samples => !Array.isArray(rows);

/**
 * One array of samples.
 * @throws {WebBridgeError} for another shape, no row, or values that are no numbers.
 */
export function samplesOf(rows: Rows, shape: readonly number[]): Samples {
  const size = shape.reduce((a, b) => a * b, 1);
  const expected = `[n, ${shape.join(", ")}]`;
  const samples = isSamples(rows) ? rows : fromRows(rows, size, expected);
  if (!samples?.data || !samples.shape)
    throw new WebBridgeError(
      `samples are ${samples?.constructor?.name ?? samples}; expected rows, or { data, shape } of ${expected}`,
    );
  const [n = 0, ...sampleShape] = samples.shape;
  if (`${sampleShape}` !== `${shape}` || n === 0 || samples.data.length !== n * size)
    throw new WebBridgeError(
      `samples are [${samples.shape}] with ${samples.data.length} numbers; expected ${expected}, at least one row`,
    );
  const odd = samples.data.findIndex((x) => !Number.isFinite(x));
  if (odd >= 0)
    throw new WebBridgeError(
      `sample ${Math.floor(odd / size)} has the value ${samples.data[odd]}; expected finite numbers`,
    );
  return samples;
}

function fromRows(rows: readonly (readonly number[])[], size: number, expected: string): Samples {
  const odd = rows.findIndex((row) => row?.length !== size);
  if (odd >= 0)
    throw new WebBridgeError(
      `row ${odd} has ${rows[odd]?.length} numbers; expected ${size}, rows of ${expected}`,
    );
  // As numbers, null and true would be 0 and 1: JSON writes null for NaN.
  for (const [i, row] of rows.entries()) {
    const value = Array.from<unknown>(row).find((x) => typeof x !== "number");
    if (value !== undefined)
      throw new WebBridgeError(`row ${i} has the value ${JSON.stringify(value)}; expected numbers`);
  }
  const data = new Float64Array(rows.length * size);
  for (const [i, row] of rows.entries()) data.set(row, i * size);
  return { data, shape: [rows.length, size] };
}

/** Samples [n, …] as rows of numbers if `like` is rows; else as they are. */
export function likeRows<R extends Rows>(samples: Samples, like: R): R {
  if (isSamples(like)) return samples as R;
  const [n = 0] = samples.shape;
  const size = samples.data.length / n;
  const rows = Array.from({ length: n }, (_, i) => [
    ...samples.data.subarray(i * size, (i + 1) * size),
  ]);
  return rows as unknown as R;
}
