// The cells of a table of text: numbers in the notations of several countries, and missing values.
import { byOption, type Cure } from "../errors.js";

/** How the cells of .csv and .tsv files are written. Missing marks hold for all formats. */
export interface CellOptions {
  /** The decimal sign (default "."). */
  decimal?: "." | "," | undefined;
  /** The sign between groups of three digits; "space" also takes the narrow and the fixed one. */
  thousands?: "." | "," | "'" | "space" | undefined;
  /** Further marks of missing values, texts or numbers. */
  na?: readonly string[] | undefined;
  /** Whether true and false, in any case, are the numbers 1 and 0 (default: they are texts). */
  booleans?: boolean | undefined;
}

/** Why a cell is a text, although it looks like a value of a number. */
export type TextHint = "comma" | "point" | "point and comma" | "sign" | "boolean";

/** How to read the cells of one table. */
export interface CellReader {
  /** Whether a cell has no value: empty, NA, N/A, NaN, null in any case, or a mark of the user. */
  isMissing(text: string): boolean;
  /**
   * NaN for a missing value, ∞ for an infinite one of either sign, undefined for a text that is no
   * number.
   */
  numberOf(text: string): number | undefined;
  /** The number, if the cell is one in another notation. */
  hintOf(text: string): TextHint | undefined;
}

const missing = new Set(["", "na", "n/a", "nan", "null"]);
const infinite = /^[+-]?inf(inity)?$/i;
const decimalComma = /^\s*[+-]?(\d+,\d*|,\d+)([eE][+-]?\d+)?\s*$/;
/** The texts of booleans. */
export const boolean = /^(true|false)$/i;
/** Numbers in notations that the options may not allow. */
const hints: readonly [TextHint, RegExp][] = [
  ["boolean", boolean],
  ["comma", /^[+-]?(\d+,\d*|,\d+|\d{1,3}(,\d{3})+(\.\d*)?)(e[+-]?\d+)?$/i],
  ["point", /^[+-]?(\d+\.\d*|\.\d+|\d{1,3}(\.\d{3})+)(e[+-]?\d+)?$/i],
  ["point and comma", /^[+-]?\d{1,3}(\.\d{3})+,\d*(e[+-]?\d+)?$/i],
  ["sign", /^[+-]?(\p{Sc}\s*[+-]?\d[\d.,'’]*|\d[\d.,'’]*\s*[\p{Sc}%‰])$/u],
];

/** Empty, NA, N/A, NaN, null, in any case. */
const isUsuallyMissing = (text: string): boolean =>
  text.length <= 4 ? missing.has(text.trim().toLowerCase()) : text.trim() === "";

/** Whether a cell is a number with a decimal comma. */
export const hasComma = (text: string): boolean => decimalComma.test(text);

const separators = {
  ".": "\\.",
  ",": ",",
  "'": "['’]",
  space: "[ \\u00a0\\u2009\\u202f]",
} as const;

/** Turns a number in the user's notation into JavaScript's; undefined for texts with other signs. */
function notation({ decimal = ".", thousands }: CellOptions): (text: string) => string | undefined {
  const sign = thousands && separators[thousands];
  const grouped =
    sign &&
    new RegExp(
      `^\\s*[+-]?\\d{1,3}(${sign}\\d{3})+(${decimal === "," ? "," : "\\."}\\d*)?([eE][+-]?\\d+)?\\s*$`,
    );
  const all = sign && new RegExp(sign, "g");
  return (text) => {
    const digits = grouped && all && grouped.test(text) ? text.trim().replace(all, "") : text;
    if (decimal === ".") return digits;
    if (digits.includes(".")) return undefined;
    if (!digits.includes(",")) return digits;
    return hasComma(digits) ? digits.replace(",", ".") : undefined;
  };
}

const hintOf = (text: string): TextHint | undefined =>
  hints.find(([, pattern]) => pattern.test(text.trim()))?.[0];

/** Whether a text is a number in any notation, allowed by the options or not. */
export function isNumberInText(text: string): boolean {
  const hint = hintOf(text);
  return Number.isFinite(Number(text)) || (hint !== undefined && hint !== "boolean");
}

/** Opens the notation of a table's cells. */
export function cellReader(options: CellOptions = {}): CellReader {
  const { decimal = ".", thousands, na = [], booleans = false } = options;
  const marks = new Set(na.map((mark) => mark.trim()));
  const inPlainNotation = notation(options);
  const isPlain = decimal === "." && thousands === undefined;
  const isMissing = (text: string) =>
    isUsuallyMissing(text) || (marks.size > 0 && marks.has(text.trim()));

  function textNumber(text: string): number | undefined {
    if (isMissing(text)) return Number.NaN;
    if (booleans && boolean.test(text.trim())) return Number(/true/i.test(text));
    return infinite.test(text.trim()) ? Number.POSITIVE_INFINITY : undefined;
  }

  function numberOf(text: string): number | undefined {
    if (marks.size > 0 && marks.has(text.trim())) return Number.NaN;
    const digits = isPlain ? text : inPlainNotation(text);
    if (digits === undefined) return undefined;
    const value = Number(digits);
    if (Number.isNaN(value)) return textNumber(text);
    // Number() reads blanks as 0, and 0x10, 0b1, 0o7 as numbers.
    if (value === 0 && text.trim() === "") return Number.NaN;
    return /^\s*[+-]?0[xbo]/i.test(text) ? undefined : value;
  }

  return { isMissing, numberOf, hintOf };
}

/** What a column of such texts has, and what to do. */
export const hintCures: Readonly<Record<TextHint, { has: string; cures: readonly Cure[] }>> = {
  comma: {
    has: "commas",
    cures: [
      byOption("data.decimal", [","], "if they are decimal commas"),
      byOption("data.thousands", [","], "if they separate thousands"),
      "remove them",
    ],
  },
  point: {
    has: "points",
    cures: [
      byOption("data.thousands", ["."], "if they separate thousands"),
      "leave the decimal comma out if they are decimal points",
    ],
  },
  "point and comma": {
    has: "points and commas",
    cures: [
      {
        options: [
          { key: "data.decimal", values: [","] },
          { key: "data.thousands", values: ["."] },
        ],
        purpose: "if the points separate thousands",
      },
    ],
  },
  sign: {
    has: "signs of currencies or per cent",
    cures: ["remove them", "name the column in data.categories if its texts are levels"],
  },
  boolean: {
    has: "true and false",
    cures: [byOption("data.booleans", [true], "to read them as 1 and 0")],
  },
};

/** The numbers among the user's marks of missing values. */
export const missingNumbers = (na: readonly string[] = []): ReadonlySet<number> =>
  new Set(
    na
      .filter((mark) => mark.trim() !== "")
      .map(Number)
      .filter((x) => !Number.isNaN(x)),
  );

/**
 * The digits of a decimal number without needless signs and zeros: "2.0" and "+02" are "2". Numbers of
 * more digits than a float64 has stay apart. Returns null for other texts, also with an exponent.
 */
export function exactNumber(text: string): string | null {
  const [, sign, whole = "", part = ""] = /^([+-]?)0*(\d*)(?:\.(\d*?)0*)?$/.exec(text) ?? [];
  if (sign === undefined || !/\d/.test(text)) return null;
  const digits = `${whole || "0"}${part && `.${part}`}`;
  return sign === "-" && digits !== "0" ? `-${digits}` : digits;
}
