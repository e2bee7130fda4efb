// Units of CF as factors of base units, so that values can be converted.

const bases: Readonly<Record<string, readonly [base: string, factor: number]>> = {
  mm: ["m", 0.001],
  cm: ["m", 0.01],
  km: ["m", 1000],
  g: ["kg", 0.001],
  min: ["s", 60],
  h: ["s", 3600],
  d: ["s", 86_400],
  hPa: ["Pa", 100],
  kPa: ["Pa", 1000],
  mbar: ["Pa", 100],
  degC: ["K", 1],
  "%": ["", 0.01],
};

const spellings: readonly (readonly [pattern: RegExp, symbol: string])[] = [
  [/^(meter|metre)s?$/, "m"],
  [/^(sec|seconds?)$/, "s"],
  [/^minutes?$/, "min"],
  [/^(hr|hours?)$/, "h"],
  [/^days?$/, "d"],
  [/^([Kk]elvin|deg_?K)$/, "K"],
  [/^(°C|[Cc]elsius|deg(rees?)?_?([Cc]elsius|C))$/, "degC"],
  [/^(millibars?|mb)$/, "mbar"],
  [/^percent$/, "%"],
];

const symbolOf = (name: string): string =>
  spellings.find(([pattern]) => pattern.test(name))?.[1] ?? name;

/** A unit as base units: value in base units = value · scale + offset. */
interface Unit {
  base: string;
  scale: number;
  offset: number;
}

function unitOf(text: string): Unit {
  const powers = new Map<string, number>();
  const plain = text.trim().replace(/\*\*|\^/g, "");
  const factors = plain.replace(/\s*\/\s*/g, " /").split(/\s+|[.*·](?=[A-Za-z])/);
  let scale = 1;
  for (const factor of factors) {
    const [, slash, name, digits] = /^(\/?)([^\d+-]+)([+-]?\d+)?$/.exec(factor) ?? [];
    if (factor === "1" || factor === "") continue;
    const symbol = symbolOf(name ?? factor);
    const [base, size] = bases[symbol] ?? [symbol, 1];
    const power = Number(digits ?? 1) * (slash ? -1 : 1);
    scale *= size ** power;
    powers.set(base, (powers.get(base) ?? 0) + power);
  }
  // A kilogram of water on a square metre is a millimetre.
  if (powers.get("kg") === 1 && powers.get("m") === -2) {
    powers.delete("kg");
    powers.set("m", 1);
    scale /= 1000;
  }
  const present = [...powers].filter(([base, power]) => base !== "" && power !== 0).sort();
  return {
    base: present.map(([base, power]) => `${base}${power}`).join(" "),
    scale,
    offset: symbolOf(plain) === "degC" ? 273.15 : 0,
  };
}

/** A conversion of values: value · scale + offset. */
export interface UnitConversion {
  /** The factor. */
  scale: number;
  /** In the new unit. */
  offset: number;
}

/** The conversion of values from one unit to another, scale 1 and offset 0 for two spellings of a unit; null if there is none. */
export function unitConversion(from: string, to: string): UnitConversion | null {
  const a = unitOf(from);
  const b = unitOf(to);
  if (a.base !== b.base) return null;
  const scale = a.scale / b.scale;
  return {
    scale: Math.abs(scale - 1) < 1e-12 ? 1 : Number(scale.toPrecision(15)),
    offset: (a.offset - b.offset) / b.scale,
  };
}
