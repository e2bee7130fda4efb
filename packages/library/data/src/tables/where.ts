// Parses conditions such as celltype == "HSC" and day < 7.
import { type DatasetError, invalidOption } from "../errors.js";
import { boolean } from "./cells.js";
import { absentColumn, type RowBatch, type RowSource, type TableColumn } from "./row-source.js";

type FilterBatch = Pick<RowBatch, "first" | "numbers" | "texts">;
type RowTest = (batch: FilterBatch, i: number) => boolean;
type FilterSource = Pick<RowSource, "path" | "columns" | "isMissing">;

/** A test of rows, and the columns that it reads. */
export interface RowFilter {
  /** The columns of numbers in `keeps`' batches, in order. */
  numbers: readonly string[];
  /** Its columns of texts, in order. */
  texts: readonly string[];
  /**
   * Whether row i is kept.
   * @throws {DatasetError} `InvalidOption` for a number compared with other text, and a number but 0 and 1 with a boolean.
   */
  keeps: RowTest;
}

const whereKey = "data.where";

type Literal = number | string | boolean;

const tokenPattern =
  /\s*(?:(?<number>[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)(?![\w.])|(?<text>"[^"]*"|'[^']*')|(?<name>[\p{L}_][\p{L}\p{N}_.]*|`[^`]+`)|(?<sign>[=!<>]=|[<>(),])|(?<other>\S))/uy;

const signs: Record<string, (a: number | string, b: number | string) => boolean> = {
  "==": (a, b) => a === b,
  "!=": (a, b) => a !== b,
  "<": (a, b) => a < b,
  "<=": (a, b) => a <= b,
  ">": (a, b) => a > b,
  ">=": (a, b) => a >= b,
};

/**
 * Reads a condition: comparisons of a column (in backticks if its name has blanks) with a number, true (1), false (0) or
 * a quoted text by ==, !=, <, <=, >, >=, in (…), not in (…); and, or, not, parentheses. A missing cell satisfies only != and not in.
 * @throws {DatasetError} `InvalidOption` for mistakes, unknown columns with the closest name, and a numeric column
 * compared with a text.
 */
export function rowFilter(text: string, source: FilterSource): RowFilter {
  const columns = new FilterColumns(text, source);
  const keeps = new ConditionParser(text, columns).condition();
  return { numbers: columns.names.number, texts: columns.names.text, keeps };
}

/** The tokens of a condition, one at a time. */
class ConditionTokens {
  /** The current token. */
  token = { kind: "", text: "", end: 0 };

  constructor(private readonly text: string) {
    this.next();
  }

  /** Goes to the next token; its kind is "" at the end. */
  next(): void {
    tokenPattern.lastIndex = this.token.end;
    const match = Object.entries(tokenPattern.exec(this.text)?.groups ?? {}).find(
      ([, part]) => part,
    );
    const [kind = "", part = ""] = match ?? [];
    this.token = { kind, text: part, end: match ? tokenPattern.lastIndex : this.text.length };
  }

  /** Passes the current token if it is this text; returns whether it was. */
  takes(word: string): boolean {
    const isThere = this.token.text === word;
    if (isThere) this.next();
    return isThere;
  }

  /** The error for the current token. */
  expected(what: string): DatasetError {
    const { text, end } = this.token;
    return invalidOption(
      `expected ${what}, got ${text || "the end"} at character ${end - text.length + 1}; an example is celltype == "HSC" and day < 7`,
      { option: { key: whereKey, values: [this.text] } },
    );
  }
}

/** The columns that a condition reads. */
class FilterColumns {
  /** Names of columns of each kind. */
  readonly names: Record<TableColumn["kind"], string[]> = { number: [], text: [] };

  constructor(
    private readonly text: string,
    private readonly source: FilterSource,
  ) {}

  /**
   * The column of a name.
   * @throws {DatasetError} `InvalidOption` with the closest name.
   */
  named(name: string): TableColumn {
    const column = this.source.columns.find((known) => known.name === name);
    if (column) return column;
    throw absentColumn(this.source, { key: whereKey, name, value: this.text });
  }

  /**
   * Compares a column's cells with a value.
   * @throws {DatasetError} `InvalidOption` for a number and a text.
   */
  comparison({ name, kind }: TableColumn, sign: string, value: Literal): RowTest {
    const { path, isMissing } = this.source;
    if (kind === "number" && typeof value === "string")
      throw this.#refusal(
        `${name} is a number in ${path}, but ${JSON.stringify(value)} is a text: expected a number without quotes`,
      );
    const names = this.names[kind];
    const k = names.includes(name) ? names.indexOf(name) : names.push(name) - 1;
    return (batch, i) => {
      const cell = batch[`${kind}s`][k]?.[i] ?? "";
      if (Number.isNaN(cell) || (typeof cell === "string" && isMissing(cell))) return sign === "!=";
      const known = typeof value === "string" ? cell : numberOf(cell, value);
      if (!Number.isNaN(known))
        return signs[sign]?.(known, typeof value === "boolean" ? Number(value) : value) === true;
      throw this.#refusal(
        `column ${name} of ${path} has ${JSON.stringify(cell)} in row ${batch.first + i + 1}, which is compared with ${typeof value === "boolean" ? value : "a number"}: expected ${kind === "text" ? "a text in quotes" : "a number"}`,
      );
    };
  }

  #refusal(fault: string): DatasetError {
    return invalidOption(fault, { option: { key: whereKey, values: [this.text] } });
  }
}

/** The number of a cell, or NaN; a cell compared with a boolean is true or 1, or false or 0. */
function numberOf(cell: number | string, compared: number | boolean): number {
  if (typeof compared === "number") return Number(cell);
  if (typeof cell === "number") return cell === 0 || cell === 1 ? cell : Number.NaN;
  return boolean.test(cell.trim()) ? Number(/true/i.test(cell)) : Number.NaN;
}

/** The grammar of conditions, a method for each rule. */
class ConditionParser {
  readonly #tokens: ConditionTokens;
  readonly #columns: FilterColumns;

  constructor(text: string, columns: FilterColumns) {
    this.#tokens = new ConditionTokens(text);
    this.#columns = columns;
  }

  /** The test of the whole text. */
  condition(): RowTest {
    const test = this.#alternatives();
    if (this.#tokens.token.kind !== "") throw this.#tokens.expected("and, or, or the end");
    return test;
  }

  #alternatives(): RowTest {
    const tests = this.#listed("or", () => this.#conjunction());
    return (batch, i) => tests.some((test) => test(batch, i));
  }

  #conjunction(): RowTest {
    const tests = this.#listed("and", () => this.#term());
    return (batch, i) => tests.every((test) => test(batch, i));
  }

  #term(): RowTest {
    if (this.#tokens.takes("(")) return this.#closed(this.#alternatives());
    if (!this.#tokens.takes("not")) return this.#comparison();
    const test = this.#term();
    return (batch, i) => !test(batch, i);
  }

  #comparison(): RowTest {
    const column = this.#column();
    const isNot = this.#tokens.takes("not");
    if (this.#tokens.takes("in")) return this.#membership(column, isNot);
    const sign = this.#tokens.token.text;
    if (isNot || !Object.hasOwn(signs, sign))
      throw this.#tokens.expected("==, !=, <, <=, >, >= or in (…)");
    this.#tokens.next();
    return this.#columns.comparison(column, sign, this.#literal());
  }

  #membership(column: TableColumn, isNot: boolean): RowTest {
    if (!this.#tokens.takes("(")) throw this.#tokens.expected("(");
    const equals = () => this.#columns.comparison(column, "==", this.#literal());
    const tests = this.#closed(this.#listed(",", equals));
    return (batch, i) => tests.some((test) => test(batch, i)) !== isNot;
  }

  #column(): TableColumn {
    const { kind, text } = this.#tokens.token;
    if (kind !== "name") throw this.#tokens.expected("a column");
    const column = this.#columns.named(text.replace(/^`(.*)`$/, "$1"));
    this.#tokens.next();
    return column;
  }

  #literal(): Literal {
    const { kind, text } = this.#tokens.token;
    const isBoolean = boolean.test(text);
    if (kind !== "number" && kind !== "text" && !isBoolean)
      throw this.#tokens.expected("a number, true, false or a text in quotes");
    this.#tokens.next();
    if (isBoolean) return /true/i.test(text);
    return kind === "number" ? Number(text) : text.slice(1, -1);
  }

  #listed<T>(separator: string, item: () => T): T[] {
    const items = [item()];
    while (this.#tokens.takes(separator)) items.push(item());
    return items;
  }

  #closed<T>(inside: T): T {
    if (!this.#tokens.takes(")")) throw this.#tokens.expected(")");
    return inside;
  }
}
