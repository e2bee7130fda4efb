// Units as CF and UDUNITS spell them, as factors of base units, so that values can be converted.
// The library: https://docs.unidata.ucar.edu/udunits/current/udunits2lib.html

/** Powers of base units. */
type Powers = Readonly<Record<string, number>>;

type Symbols = Readonly<Record<string, readonly [factor: number, powers: Powers]>>;

/** Units that have prefixes. */
const unitsWithPrefixes: Symbols = {
  m: [1, { m: 1 }],
  g: [1, { g: 1 }],
  s: [1, { s: 1 }],
  K: [1, { K: 1 }],
  mol: [1, { mol: 1 }],
  Pa: [1000, { g: 1, m: -1, s: -2 }],
  bar: [1e8, { g: 1, m: -1, s: -2 }],
  N: [1000, { g: 1, m: 1, s: -2 }],
  J: [1000, { g: 1, m: 2, s: -2 }],
  W: [1000, { g: 1, m: 2, s: -3 }],
};

const symbols: Symbols = {
  ...unitsWithPrefixes,
  min: [60, { s: 1 }],
  h: [3600, { s: 1 }],
  d: [86_400, { s: 1 }],
  degC: [1, { K: 1 }],
  degF: [5 / 9, { K: 1 }],
  degree: [1, { degree: 1 }],
  rad: [180 / Math.PI, { degree: 1 }],
  in: [0.0254, { m: 1 }],
  ft: [0.3048, { m: 1 }],
  knot: [1852 / 3600, { m: 1, s: -1 }],
  "%": [0.01, {}],
  psu: [1e-3, {}],
  ppm: [1e-6, {}],
  ppb: [1e-9, {}],
};

const prefixes: Readonly<Record<string, number>> = {
  n: 1e-9,
  u: 1e-6,
  µ: 1e-6,
  m: 1e-3,
  c: 0.01,
  d: 0.1,
  h: 100,
  k: 1000,
  M: 1e6,
};

/** Zeros in kelvin of units that do not start at 0 K. */
const zeros: Readonly<Record<string, number>> = { degC: 273.15, degF: (459.67 * 5) / 9 };

/** Symbols by their names, in lower case and without the s of a plural. */
const spellings: Readonly<Record<string, string>> = {
  meter: "m",
  metre: "m",
  gpm: "m",
  gram: "g",
  second: "s",
  sec: "s",
  minute: "min",
  hour: "h",
  hr: "h",
  day: "d",
  pascal: "Pa",
  newton: "N",
  joule: "J",
  watt: "W",
  mole: "mol",
  kelvin: "K",
  degk: "K",
  celsius: "degC",
  c: "degC",
  degc: "degC",
  fahrenheit: "degF",
  degf: "degF",
  deg: "degree",
  "°": "degree",
  radian: "rad",
  inch: "in",
  feet: "ft",
  foot: "ft",
  kt: "knot",
  mb: "mbar",
  percent: "%",
  pct: "%",
  ppmv: "ppm",
  ppbv: "ppb",
};

const prefixSpellings: Readonly<Record<string, string>> = {
  nano: "n",
  micro: "u",
  milli: "m",
  centi: "c",
  deci: "d",
  hecto: "h",
  kilo: "k",
  mega: "M",
};

const startOf = (table: object, text: string): string | undefined =>
  Object.keys(table).find((prefix) => text.startsWith(prefix) && text !== prefix);

/** The symbol of a spelling: hPa for hectopascals. Returns the spelling itself if it is unknown. */
function symbolOf(name: string): string {
  if (Object.hasOwn(symbols, name)) return name;
  const lower = name.toLowerCase();
  for (const form of [lower, lower.replace(/(?<=ch)es$|(?<=..)s$/, "")]) {
    if (Object.hasOwn(spellings, form)) return spellings[form];
    if (Object.hasOwn(symbols, form)) return form;
  }
  const prefix = startOf(prefixSpellings, lower);
  return prefix ? `${prefixSpellings[prefix]}${symbolOf(lower.slice(prefix.length))}` : name;
}

/** The factor and the powers of a symbol, which may have a prefix. An unknown symbol is a base unit. */
function factorsOf(symbol: string): readonly [factor: number, powers: Powers] {
  if (Object.hasOwn(symbols, symbol)) return symbols[symbol];
  const prefix = startOf(prefixes, symbol);
  const rest = symbol.slice(prefix?.length ?? 0);
  if (prefix === undefined || !Object.hasOwn(unitsWithPrefixes, rest)) return [1, { [symbol]: 1 }];
  const [factor, powers] = unitsWithPrefixes[rest];
  return [prefixes[prefix] * factor, powers];
}

/** Units as base units: value in base units = value · scale + offset. */
interface Unit {
  base: string;
  scale: number;
  offset: number;
}

const dimensionless =
  /^(fraction|proportion|ratio|dimensionless|unitless|none|-|~|\(?\s*0\s*-\s*1\s*\)?)$/i;

/** One spelling of degrees, powers, products and quotients. */
function plainText(text: string): string {
  if (dimensionless.test(text.trim())) return "1";
  return text
    .trim()
    .replace(/²/g, "2")
    .replace(/³/g, "3")
    .replace(/⁻¹/g, "-1")
    .replace(/(?:°|\bdeg(?:ree)?s?)[\s_]*(C|F|K)(?:elsius|ahrenheit|elvin)?\b/gi, "deg$1")
    .replace(/\bof water( equivalent)?\b/g, "")
    .replace(/\b10(?:\^|\*\*)([+-]?\d+)/g, "1e$1")
    .replace(/\*\*|\^/g, "")
    .replace(/\bper\b/g, "/")
    .replace(
      /\/\s*\(([^()]*)\)/g,
      (_, inner: string) =>
        `/${inner
          .trim()
          .split(/[\s.*·]+/)
          .join(" /")}`,
    )
    .replace(/[()]/g, " ")
    .replace(/\s*\/\s*/g, " /");
}

function unitOf(text: string): Unit {
  const powers = new Map<string, number>();
  const plain = plainText(text);
  let scale = 1;
  for (const factor of plain.split(/\s+|[.*·](?=\p{L})/u)) {
    const [, slash, name, digits] =
      /^(\/?)(\d[\d.]*(?:e[+-]?\d+)?|[^\d+-]+)([+-]?\d+)?$/i.exec(factor) ?? [];
    if (factor === "") continue;
    const power = Number(digits ?? 1) * (slash ? -1 : 1);
    const number = Number(name);
    const [size, parts] = number > 0 ? [number, {}] : factorsOf(symbolOf(name ?? factor));
    scale *= size ** power;
    for (const [base, exponent] of Object.entries(parts))
      powers.set(base, (powers.get(base) ?? 0) + power * exponent);
  }
  // A kilogram of water on a square metre is a millimetre.
  if (powers.get("g") === 1 && powers.get("m") === -2) {
    powers.delete("g");
    powers.set("m", 1);
    scale /= 1e6;
  }
  const symbol = symbolOf(plain);
  const present = [...powers].filter(([, power]) => power !== 0).sort();
  return {
    base: present.map(([base, power]) => `${base}${power}`).join(" "),
    scale,
    offset: Object.hasOwn(zeros, symbol) ? zeros[symbol] : 0,
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
