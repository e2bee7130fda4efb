/** A value of a configuration, as YAML has it. */
export type Value = null | boolean | number | string | Value[] | Tree;

/** An object of configuration values. */
export interface Tree {
  [key: string]: Value;
}

/** One value for each dotted key. */
export type Overrides = Readonly<Record<string, Value>>;

/** Whether the value is an object. */
export function isTree(value: unknown): value is Tree {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

const NUMBER = /^[+-]?(?:(?:0|[1-9]\d*)(?:\.\d*)?|\.\d+)(?:e[+-]?\d+)?$/i;
const CONSTANTS: Record<string, Value> = {
  null: null,
  true: true,
  false: false,
  nan: Number.NaN,
  inf: Number.POSITIVE_INFINITY,
  "+inf": Number.POSITIVE_INFINITY,
  "-inf": Number.NEGATIVE_INFINITY,
};

/**
 * Returns the value of unquoted text: null, true, false or a number in any case, or else the text.
 * 007 and 1.2.3 are text, and so are whole numbers beyond ±2^53, which would lose digits.
 */
export function readWord(word: string): Value {
  const lower = word.toLowerCase();
  if (Object.hasOwn(CONSTANTS, lower)) return CONSTANTS[lower];
  const digits = word.replace(/(?<=\d)_(?=\d)/g, "");
  if (!NUMBER.test(digits)) return word;
  const number = Number(digits);
  const isExact = Number.isSafeInteger(number) || !/^[+-]?\d+$/.test(digits);
  return isExact ? number : word;
}

/** Writes a value in the grammar of overrides; reading returns the same value. */
export function printValue(value: Value): string {
  if (Array.isArray(value)) return `[${value.map(printValue).join(",")}]`;
  if (isTree(value)) {
    const pairs = Object.entries(value).map(([key, v]) => `${printKey(key)}:${printValue(v)}`);
    return `{${pairs.join(",")}}`;
  }
  if (typeof value === "string") return printText(value);
  if (typeof value === "number") return printNumber(value);
  return String(value);
}

function printNumber(value: number): string {
  if (Number.isNaN(value)) return "nan";
  if (!Number.isFinite(value)) return value > 0 ? "inf" : "-inf";
  if (Object.is(value, -0)) return "-0";
  // As an integer it would be read as text.
  if (Number.isInteger(value) && !Number.isSafeInteger(value)) return value.toExponential();
  return String(value);
}

const SAFE = /^[\p{L}\p{N}_./+@%*?|:#=~!&;<>^-]+(?: +[\p{L}\p{N}_./+@%*?|:#=~!&;<>^-]+)*$/u;

function printText(text: string): string {
  return SAFE.test(text) && readWord(text) === text ? text : printQuoted(text);
}

function printKey(key: string): string {
  return SAFE.test(key) && !key.includes(":") ? key : printQuoted(key);
}

/** Backslashes count only before a quote (Hydra's rule), so only there they are doubled. */
function printQuoted(text: string): string {
  return `'${text.replace(/(\\*)('|$)/g, (_, slashes: string, end: string) => {
    return slashes + slashes + (end === "" ? "" : "\\'");
  })}'`;
}
