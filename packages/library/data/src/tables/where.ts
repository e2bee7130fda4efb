// Parses conditions such as celltype == "HSC" and day < 7.
import { type DatasetError, invalidOption } from "../errors.js";
import { absentColumn, type RowBatch, type RowSource, type TableColumn } from "./rows.js";

type FilterBatch = Pick<RowBatch, "first" | "numbers" | "texts">;
type RowTest = (batch: FilterBatch, i: number) => boolean;

export interface RowFilter {
  /** The columns of `keeps`' batches, in order. */
  numbers: readonly string[];
  texts: readonly string[];
  /** Whether row i is kept. Throws `InvalidOption` for a number compared with other text. */
  keeps: RowTest;
}

type FilterSource = Pick<RowSource, "path" | "columns" | "isMissing">;

type Literal = number | string;

const tokens =
  /\s*(?:(?<number>[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)(?![\w.])|(?<text>"[^"]*"|'[^']*')|(?<name>[\p{L}_][\p{L}\p{N}_.]*|`[^`]+`)|(?<sign>[=!<>]=|[<>(),])|(?<other>\S))/uy;

const signs: Record<string, (a: Literal, b: Literal) => boolean> = {
  "==": (a, b) => a === b,
  "!=": (a, b) => a !== b,
  "<": (a, b) => a < b,
  "<=": (a, b) => a <= b,
  ">": (a, b) => a > b,
  ">=": (a, b) => a >= b,
};

/**
 * Reads a condition: comparisons of a column (in backticks if its name has blanks) with a number or
 * a quoted text by ==, !=, <, <=, >, >=, in (…), not in (…); and, or, not, parentheses. A missing
 * cell satisfies only != and not in. Throws `InvalidOption` for mistakes, unknown columns with the
 * closest name, and a numeric column compared with a text.
 */
export function rowFilter(text: string, source: FilterSource): RowFilter {
  const columns = { number: [] as string[], text: [] as string[] };
  const { path } = source;
  let token = { kind: "", text: "", end: 0 };

  const expected = (what: string): DatasetError =>
    invalidOption(
      `data.where=${text}: expected ${what}, got ${token.text || "the end"} at character ${token.end - token.text.length + 1}; an example is celltype == "HSC" and day < 7`,
    );
  const next = () => {
    tokens.lastIndex = token.end;
    const match = Object.entries(tokens.exec(text)?.groups ?? {}).find(([, part]) => part);
    const [kind = "", part = ""] = match ?? [];
    token = { kind, text: part, end: match ? tokens.lastIndex : text.length };
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

  const any = (): RowTest => {
    const tests = list("or", all);
    return (batch, i) => tests.some((test) => test(batch, i));
  };
  const all = (): RowTest => {
    const tests = list("and", one);
    return (batch, i) => tests.every((test) => test(batch, i));
  };
  const one = (): RowTest => {
    if (takes("(")) return close(any());
    if (!takes("not")) return comparison();
    const test = one();
    return (batch, i) => !test(batch, i);
  };
  const comparison = (): RowTest => {
    const column = columnNamed();
    const isNot = takes("not");
    if (takes("in")) {
      if (!takes("(")) throw expected("(");
      const tests = close(list(",", () => compare(column, "==", literal())));
      return (batch, i) => tests.some((test) => test(batch, i)) !== isNot;
    }
    const sign = token.text;
    if (isNot || !Object.hasOwn(signs, sign)) throw expected("==, !=, <, <=, >, >= or in (…)");
    next();
    return compare(column, sign, literal());
  };
  const columnNamed = (): TableColumn => {
    if (token.kind !== "name") throw expected("a column");
    const name = token.text.replace(/^`(.*)`$/, "$1");
    const column = source.columns.find((known) => known.name === name);
    if (!column) throw absentColumn(source, { key: "data.where: ", name });
    next();
    return column;
  };
  const literal = (): Literal => {
    const { kind, text: word } = token;
    if (kind !== "number" && kind !== "text") throw expected("a number or a text in quotes");
    next();
    return kind === "number" ? Number(word) : word.slice(1, -1);
  };
  const compare = ({ name, kind }: TableColumn, sign: string, value: Literal): RowTest => {
    if (kind === "number" && typeof value === "string")
      throw invalidOption(
        `data.where: ${name} is a number in ${path}, but ${JSON.stringify(value)} is a text: expected a number without quotes`,
      );
    const names = columns[kind];
    const k = names.includes(name) ? names.indexOf(name) : names.push(name) - 1;
    return (batch, i) => {
      const cell = batch[`${kind}s`][k]?.[i] ?? "";
      if (Number.isNaN(cell) || (typeof cell === "string" && source.isMissing(cell)))
        return sign === "!=";
      const number = typeof value === "number" ? Number(cell) : cell;
      if (!Number.isNaN(number)) return signs[sign]?.(number, value) === true;
      throw invalidOption(
        `data.where: column ${name} of ${path} has ${JSON.stringify(cell)} in row ${batch.first + i + 1}, which is compared with a number: expected a text in quotes`,
      );
    };
  };

  next();
  const keeps = any();
  if (token.kind !== "") throw expected("and, or, or the end");
  return { numbers: columns.number, texts: columns.text, keeps };
}
