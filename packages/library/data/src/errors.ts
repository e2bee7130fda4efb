import { nearestName, objectOption, UserError } from "@dsbm/files";

/** Codes are stable when the text changes. */
export type DatasetCode =
  | "Unreadable"
  | "BadGzip"
  | "BadZip"
  | "BadPicture"
  | "BadArray"
  | "BadTable"
  | "ChangedFile"
  | "NotIdx"
  | "UnsupportedType"
  | "SizeMismatch"
  | "BadLabel"
  | "WrongSet"
  | "MissingFiles"
  | "NotPrepared"
  | "UnknownSet"
  | "InvalidOption";

/** An option and its value. */
interface OptionValue {
  /** "data.exclude" */
  key: string;
  /** The value, or several. */
  values: readonly (string | boolean)[];
}

/** A cure that sets options. */
interface OptionCure {
  /** All of them are needed. */
  options: readonly OptionValue[];
  /** Behind the option: "to leave these rows out". */
  purpose?: string;
  /** The cure in words (default: of option and purpose). */
  text?: string;
}

/** What to do about a fault: in words, or by an option. */
export type Cure = string | OptionCure;

/** The facts of a DatasetError next to its fault. */
export interface DatasetAdvice {
  /** The option whose value is wrong. */
  option?: OptionValue;
  /** Ways out, the best one first. */
  cures?: readonly Cure[];
}

const codesOfArguments: readonly DatasetCode[] = [
  "UnknownSet",
  "MissingFiles",
  "InvalidOption",
  "BadLabel",
];

/** Missing or wrong data: the given value, the expected value, the cure. */
export class DatasetError extends UserError {
  /** For checks without `instanceof`. */
  override readonly name = "DatasetError";
  /** 2 if the arguments name impossible data. */
  override readonly exitCode: 1 | 2;

  constructor(
    /** The kind of the error. */
    readonly code: DatasetCode,
    /** What is wrong, without option and cures. */
    readonly fault: string,
    /** The option at fault, and the cures. */
    readonly advice: DatasetAdvice = {},
    options?: ErrorOptions,
  ) {
    super(messageOf(fault, advice).replace(/\s+/g, " "), options);
    this.exitCode = codesOfArguments.includes(code) ? 2 : 1;
  }

  /**
   * The same error for a command whose options have other names. `nameOf` returns null for an
   * option that the command does not have: its cure is omitted. Names in the fault are changed too.
   */
  withOptions(nameOf: (key: string) => string | null): DatasetError {
    const { option, cures = [] } = this.advice;
    const renamed = cures.flatMap((cure): Cure[] => {
      if (typeof cure === "string") return [cure];
      const options = cure.options.flatMap(({ key, values }) => {
        const name = nameOf(key);
        return name === null ? [] : [{ key: name, values }];
      });
      return options.length < cure.options.length ? [] : [{ ...cure, options }];
    });
    const named = option && { ...option, key: nameOf(option.key) ?? option.key };
    const advice = { cures: renamed, ...(named && { option: named }) };
    const fault = this.fault.replace(/\bdata\.\w+(?==)/g, (key) => nameOf(key) ?? key);
    return new DatasetError(this.code, fault, advice, { cause: this });
  }
}

function messageOf(fault: string, { option, cures = [] }: DatasetAdvice): string {
  const given = option ? `${option.key}=${option.values.join()}: ` : "";
  const mark = fault.includes(": expected ") ? "; " : ": ";
  return `${given}${fault}${cures.length === 0 ? "" : mark}${cureWords(cures)}`;
}

/** Cures in words: "repair them, or write data.missing=drop". */
export function cureWords(cures: readonly Cure[]): string {
  const words = cures.map((cure) => {
    if (typeof cure === "string") return cure;
    const settings = cure.options.map(({ key, values }) => setting(key, values)).join(" ");
    return [cure.text ?? `write ${settings}`, cure.purpose].filter(Boolean).join(" ");
  });
  return [...words.slice(0, -2), words.slice(-2).join(", or ")].join(", ");
}

/** The cure that sets one option; `purpose` follows it: "to leave these rows out". */
export const byOption = (
  key: string,
  values: readonly (string | boolean)[],
  purpose?: string,
): Cure => ({ options: [{ key, values }], ...(purpose !== undefined && { purpose }) });

/** The error of a table. */
export const badTable = (
  path: string,
  problem: string,
  cures: readonly Cure[] = [],
): DatasetError => new DatasetError("BadTable", `${path}: ${problem}`, { cures });

/** The error of an option. */
export const invalidOption = (message: string, advice: DatasetAdvice = {}): DatasetError =>
  new DatasetError("InvalidOption", message, advice);

/** The message of an error, or the text of another thrown value. */
export function reason(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** "; did you mean …?" with the closest known name; "" if none is close. */
export function didYouMean(name: string, known: readonly string[]): string {
  const near = nearestName(name, known);
  return near === undefined ? "" : `; did you mean ${JSON.stringify(near)}?`;
}

export { firstOf } from "@dsbm/files";

const bareWord = /^[\p{L}\p{N}_./+@%#^-]+$/u;
const constants = /^([+-]?(\d.*|\.\d.*|inf|nan)|null|true|false)$/i;

/** An override as a shell or an object takes it: data.exclude=a,b, or 'data.exclude="a, b"' for names with other signs. */
export function setting(key: string, values: readonly (string | boolean)[]): string {
  const property = objectOption(key, values.length === 1 ? values[0] : values);
  if (property !== null) return property;
  const isConstant = values.some((value) => typeof value === "boolean");
  const names = values.map(String);
  // A comma alone separates nothing.
  if (
    isConstant ||
    names.join() === "," ||
    names.every((name) => bareWord.test(name) && !constants.test(name))
  )
    return `${key}=${names.join()}`;
  const quoted = names
    .map((name) =>
      name.replace(/(\\*)("|$)/g, (_, slashes, end) => slashes + slashes + (end && '\\"')),
    )
    .map((name) => `"${name}"`);
  const value = quoted.length === 1 ? quoted[0] : `[${quoted.join()}]`;
  return `'${`${key}=${value}`.replaceAll("'", "'\\''")}'`;
}
