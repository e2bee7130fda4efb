// Parses conditions such as celltype == "HSC" and day < 7.
import { type DatasetError, invalidOption } from "../errors.js";
import { absentColumn } from "./absent-column.js";
import { isMissing } from "./cells.js";
import type { RowBatch, RowSource } from "./rows.js";

type Batch = Pick<RowBatch, "first" | "numbers" | "texts">;
type Test = (batch: Batch, i: number) => boolean;

export interface RowFilter {
  /** The columns of `keeps`' batches, in order. */
  numbers: readonly string[];
  texts: readonly string[];
  /** Whether row i is kept. Throws `InvalidOption` for a number compared with other text. */
  keeps: Test;
}

interface Operand {
  kind: "number" | "text";
  source: string;
  isColumn: boolean;
  read(batch: Batch, i: number): number | string | null;
}

const tokens =
  /\s*(?:(?<number>[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)(?![\w.])|(?<text>"[^"]*"|'[^']*')|(?<name>[\p{L}_][\p{L}\p{N}_.]*|`[^`]+`)|(?<sign>[=!<>]=|[<>(),])|(?<other>\S))/uy;

const signs = {
  "==": (a: number | string, b: number | string) => a === b,
  "!=": (a: number | string, b: number | string) => a !== b,
  "<": (a: number | string, b: number | string) => a < b,
  "<=": (a: number | string, b: number | string) => a <= b,
  ">": (a: number | string, b: number | string) => a > b,
  ">=": (a: number | string, b: number | string) => a >= b,
};

/**
 * Reads a condition: ==, !=, <, <=, >, >=, in (…), not in (…), and, or, not, parentheses, columns
 * by name (in backticks if they have blanks), quoted texts and numbers. A missing cell satisfies
 * only != and not in. Throws `InvalidOption` for mistakes, unknown columns with the closest name,
 * and a numeric column compared with a text.
 */
export function rowFilter(text: string, source: Pick<RowSource, "path" | "columns">): RowFilter {
  const columns = { number: [] as string[], text: [] as string[] };
  const { path } = source;
  let token = { kind: "", text: "", end: 0 };

  const expected = (what: string): DatasetError =>
    invalidOption(
      `data.where=${text}: expected ${what}, got ${token.text || "the end"} at character ${token.end - token.text.length + 1}; an example is celltype == "HSC" and day < 7`,
    );
  const next = () => {
    tokens.lastIndex = token.end;
    const found = Object.entries(tokens.exec(text)?.groups ?? {}).find(([, part]) => part);
    const [kind = "", part = ""] = found ?? [];
    token = { kind, text: part, end: found ? tokens.lastIndex : text.length };
  };
  const takes = (word: string): boolean => {
    const isThere = token.text === word;
    if (isThere) next();
    return isThere;
  };
  const list = <T>(separator: string, item: () => T): T[] => {
    const items = [item()];
    while (takes(separator)) items.push(item());
    return items;
  };
  const close = <T>(inside: T): T => {
    if (!takes(")")) throw expected(")");
    return inside;
  };

  const any = (): Test => {
    const tests = list("or", all);
    return (batch, i) => tests.some((test) => test(batch, i));
  };
  const all = (): Test => {
    const tests = list("and", one);
    return (batch, i) => tests.every((test) => test(batch, i));
  };
  const one = (): Test => {
    if (takes("(")) return close(any());
    if (!takes("not")) return comparison();
    const test = one();
    return (batch, i) => !test(batch, i);
  };
  const comparison = (): Test => {
    const left = operand();
    const isNot = takes("not");
    if (takes("in")) {
      if (!takes("(")) throw expected("(");
      const tests = close(list(",", () => compare(left, "==", operand())));
      return (batch, i) => tests.some((test) => test(batch, i)) !== isNot;
    }
    const sign = token.text;
    if (isNot || !Object.hasOwn(signs, sign)) throw expected("==, !=, <, <=, >, >= or in (…)");
    next();
    return compare(left, sign as keyof typeof signs, operand());
  };
  const compare = (left: Operand, sign: keyof typeof signs, right: Operand): Test => {
    const isMixed = left.kind !== right.kind;
    const [number, other] = left.kind === "number" ? [left, right] : [right, left];
    if (isMixed && !other.isColumn)
      throw invalidOption(
        `data.where: ${number.source} is a number in ${path}, but ${other.source} is a text: expected a number without quotes`,
      );
    const value = ({ source, read }: Operand, batch: Batch, i: number) => {
      const cell = read(batch, i);
      if (!isMixed || typeof cell !== "string") return cell;
      if (!Number.isNaN(Number(cell))) return Number(cell);
      throw invalidOption(
        `data.where: column ${source} of ${path} has ${JSON.stringify(cell)} in row ${batch.first + i + 1}, which is compared with a number: expected a text in quotes`,
      );
    };
    return (batch, i) => {
      const a = value(left, batch, i);
      const b = value(right, batch, i);
      return a === null || b === null ? sign === "!=" : signs[sign](a, b);
    };
  };
  const operand = (): Operand => {
    const { kind, text: word } = token;
    if (kind === "number" || kind === "text") {
      const cell = kind === "number" ? Number(word) : word.slice(1, -1);
      next();
      return { kind, source: word, isColumn: false, read: () => cell };
    }
    if (kind !== "name") throw expected("a column, a number or a text in quotes");
    const name = word.replace(/^`(.*)`$/, "$1");
    const column = source.columns.find((known) => known.name === name);
    if (!column) throw absentColumn(source, { key: "data.where: ", name });
    next();
    const names = columns[column.kind];
    const k = names.includes(name) ? names.indexOf(name) : names.push(name) - 1;
    const read: Operand["read"] = (batch, i) => {
      const cell = batch[`${column.kind}s`][k]?.[i] ?? "";
      return Number.isNaN(cell) || (typeof cell === "string" && isMissing(cell)) ? null : cell;
    };
    return { kind: column.kind, source: name, isColumn: true, read };
  };

  next();
  const keeps = any();
  if (token.kind !== "") throw expected("and, or, or the end");
  return { numbers: columns.number, texts: columns.text, keeps };
}
