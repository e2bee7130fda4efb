// Stored numbers of CF as values: scale_factor, add_offset, missing values and valid ranges.
// The convention: https://cfconventions.org/cf-conventions/cf-conventions.html#packed-data
import type {
  FieldAttribute,
  FieldAttributes,
  FieldVariable,
  NumberType,
} from "../file/field-file.js";

const numbersOf = (value: FieldAttribute | undefined): readonly number[] =>
  typeof value === "number" ? [value] : typeof value === "object" ? value : [];

/** What a file without _FillValue has for missing values of floats: NetCDF's default. */
const fillOfFloats = Math.fround(9.969209968386869e36);

/** The default for whole numbers; bytes have none. */
const fillOfType: Partial<Readonly<Record<NumberType, number>>> = {
  int16: -32_767,
  uint16: 65_535,
  int32: -2_147_483_647,
  uint32: 4_294_967_295,
};

/** The missing value of a NetCDF variable of whole numbers without the attribute _FillValue. */
export function defaultFill(type: NumberType | null): FieldAttributes {
  const fill = type === null ? undefined : fillOfType[type];
  return fill === undefined ? {} : { _FillValue: fill };
}

/** The values of stored numbers: with the attribute _Unsigned, signed integers stand for unsigned ones. */
function signConvention({
  attributes,
  numberType,
}: Pick<FieldVariable, "attributes" | "numberType">): (stored: number) => number {
  const bits = Number(/^int(\d+)$/.exec(numberType ?? "")?.[1] ?? 0);
  if (bits === 0 || attributes._Unsigned !== "true") return (stored) => stored;
  return (stored) => (stored < 0 ? stored + 2 ** bits : stored);
}

/**
 * How a variable stores values: value = stored · scale_factor + add_offset, NaN for missing values. `marks` are further
 * marks of missing values, as values. Returns a function of a stored number.
 */
export function unpacking(
  variable: Pick<FieldVariable, "attributes" | "numberType">,
  marks: readonly number[] = [],
): (stored: number) => number {
  const { attributes } = variable;
  const signed = signConvention(variable);
  const missing = new Set([fillOfFloats]);
  for (const name of ["_FillValue", "missing_value"])
    for (const value of numbersOf(attributes[name]).map(signed)) {
      missing.add(value);
      // An attribute of float64 for numbers of float32.
      missing.add(Math.fround(value));
    }
  const [low = -Infinity, high = Infinity] = numbersOf(attributes.valid_range).map(signed);
  const [least = low] = numbersOf(attributes.valid_min).map(signed);
  const [most = high] = numbersOf(attributes.valid_max).map(signed);
  const [scale = 1] = numbersOf(attributes.scale_factor);
  const [offset = 0] = numbersOf(attributes.add_offset);
  const isMarked = new Set(marks.flatMap((mark) => [mark, Math.fround(mark)]));
  // Every value passes here: a loop over few marks is quicker than a set.
  const fills = Float64Array.from(missing);
  const isUnmarked = isMarked.size === 0;
  return (number) => {
    const stored = signed(number);
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
