// Stored numbers of CF as values: scale_factor, add_offset, missing values and valid ranges.
// The convention: https://cfconventions.org/cf-conventions/cf-conventions.html#packed-data
import type { FieldAttribute, FieldAttributes } from "../file/field-file.js";

const numbersOf = (value: FieldAttribute | undefined): readonly number[] =>
  typeof value === "number" ? [value] : typeof value === "object" ? value : [];

/** What a file without _FillValue has for missing values of floats: NetCDF's default. */
const defaultFill = Math.fround(9.969209968386869e36);

/**
 * How a variable stores values: value = stored · scale_factor + add_offset, NaN for missing values. `marks` are further
 * marks of missing values, as values. Returns a function of a stored number.
 */
export function unpacking(
  attributes: FieldAttributes,
  marks: readonly number[] = [],
): (stored: number) => number {
  const missing = new Set([defaultFill]);
  for (const name of ["_FillValue", "missing_value"])
    for (const value of numbersOf(attributes[name])) {
      missing.add(value);
      // An attribute of float64 for numbers of float32.
      missing.add(Math.fround(value));
    }
  const [low = -Infinity, high = Infinity] = numbersOf(attributes.valid_range);
  const [least = low] = numbersOf(attributes.valid_min);
  const [most = high] = numbersOf(attributes.valid_max);
  const [scale = 1] = numbersOf(attributes.scale_factor);
  const [offset = 0] = numbersOf(attributes.add_offset);
  const isMarked = new Set(marks.flatMap((mark) => [mark, Math.fround(mark)]));
  // Every value passes here: a loop over few marks is quicker than a set.
  const fills = Float64Array.from(missing);
  const isUnmarked = isMarked.size === 0;
  return (stored) => {
    for (let k = 0; k < fills.length; k++) if (stored === fills[k]) return Number.NaN;
    if (stored < least || stored > most) return Number.NaN;
    const value = stored * scale + offset;
    return isUnmarked || !isMarked.has(value) ? value : Number.NaN;
  };
}

const packingNames =
  /^(_FillValue|missing_value|scale_factor|add_offset|valid_(range|min|max)|_Unsigned|_ChunkSizes|coordinates|bounds|grid_mapping|dtype)$/;

/** The attributes of a variable that say what its values are, not how they are stored. */
export const describing = (attributes: FieldAttributes): FieldAttributes =>
  Object.fromEntries(Object.entries(attributes).filter(([name]) => !packingNames.test(name)));
