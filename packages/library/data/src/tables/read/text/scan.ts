// The cells of plain lines of text, straight from their bytes: most tables need no parser of CSV.
import { type CellOptions, type CellReader, cellReader } from "../../cells.js";

/** The bytes of line ends and quotes. */
export const lineFeed = 0x0a;
/** The byte of "\r". */
export const carriageReturn = 0x0d;
/** The byte of a double quote. */
export const quote = 0x22;
const minus = 0x2d;
const plus = 0x2b;
const digitZero = 0x30;
/** 10^22 is the largest power of ten that a float64 holds exactly. */
const powersOfTen = Float64Array.from({ length: 23 }, (_, k) => Number(`1e${k}`));

/** What to take from the lines of a table. */
export interface ScanPlan {
  /** The byte between fields. */
  delimiter: number;
  /** Whether lines end with "\r\n" instead of "\n". */
  hasReturns: boolean;
  /** Fields of a line. */
  width: number;
  /** Places of the columns of numbers, each once. */
  numbers: readonly number[];
  /** Places of the columns of texts, each once. */
  texts: readonly number[];
  /** The notation of cells. */
  cells: CellOptions;
}

/** The rows of a part of a table, by columns of at least `count` values. */
export interface ScannedRows {
  /** Whole rows in front of the first unusual line. */
  count: number;
  /** Whether a line is not plain: it has quotes, other line ends, other fields, or a text for a number. */
  isOdd: boolean;
  /** One array for each column of numbers of the plan. */
  numbers: Float64Array<ArrayBuffer>[];
  /** One array for each column of texts of the plan. */
  texts: string[][];
}

/**
 * Scans whole lines, of which the last one has its end too. A number is exact: a mantissa below 2^53
 * times or through a power of ten up to 10^22, both exact, is rounded once; all other cells go through
 * `CellReader.numberOf`.
 */
export class LineScanner {
  readonly #cells: CellReader;
  readonly #point: number;
  /** For each place its column of numbers, or −1. */
  readonly #numberSlots: Int32Array;
  /** For each place its column of texts, or −1. */
  readonly #textSlots: Int32Array;
  #bytes: Buffer = Buffer.alloc(0);
  #at = 0;
  #value = 0;
  #numbers: Float64Array<ArrayBuffer>[] = [];
  #texts: string[][] = [];

  constructor(private readonly plan: ScanPlan) {
    this.#cells = cellReader(plan.cells);
    this.#point = (plan.cells.decimal ?? ".").charCodeAt(0);
    const slots = () => new Int32Array(plan.width).fill(-1);
    this.#numberSlots = slots();
    this.#textSlots = slots();
    for (const [slot, place] of plan.numbers.entries()) this.#numberSlots[place] = slot;
    for (const [slot, place] of plan.texts.entries()) this.#textSlots[place] = slot;
  }

  /** Scans lines, up to the first unusual line. */
  scan(bytes: Buffer): ScannedRows {
    this.#bytes = bytes;
    this.#at = 0;
    const first = bytes.indexOf(lineFeed) + 1;
    let capacity = 16 + Math.ceil(bytes.length / Math.max(first, 1));
    this.#numbers = this.plan.numbers.map(() => new Float64Array(capacity));
    this.#texts = this.plan.texts.map(() => []);
    let count = 0;
    let isOdd = false;
    while (this.#at < bytes.length && !isOdd) {
      if (this.#passLineEnd()) {
        // Only a parser knows whether an empty line is a row of one column or the end of the file.
        isOdd = this.plan.width === 1;
        continue;
      }
      if (count === capacity) {
        capacity = 2 * capacity;
        this.#numbers = this.#numbers.map((column) => withCapacity(column, capacity));
      }
      isOdd = !this.#readLine(count);
      if (!isOdd) count += 1;
    }
    for (const column of this.#texts) column.length = count;
    return { count, isOdd, numbers: this.#numbers, texts: this.#texts };
  }

  /** Whether a line end was at the place, which is behind it now. */
  #passLineEnd(): boolean {
    const bytes = this.#bytes;
    const at = this.#at;
    const { hasReturns } = this.plan;
    const isEnd = hasReturns
      ? bytes[at] === carriageReturn && bytes[at + 1] === lineFeed
      : bytes[at] === lineFeed;
    if (isEnd) this.#at = at + (hasReturns ? 2 : 1);
    return isEnd;
  }

  /** Whether the line at the place is plain; its cells become row `row`. */
  #readLine(row: number): boolean {
    const bytes = this.#bytes;
    const numberSlots = this.#numberSlots;
    const textSlots = this.#textSlots;
    const { width, delimiter } = this.plan;
    for (let place = 0; place < width; place++) {
      const from = this.#at;
      const slot = numberSlots[place];
      if (slot >= 0) {
        if (!this.#readNumber() && !this.#readOther()) return false;
        this.#numbers[slot][row] = this.#value;
      } else if (!this.#passCell()) return false;
      if (textSlots[place] >= 0)
        this.#texts[textSlots[place]][row] = bytes.toString("utf8", from, this.#at);
      if (place === width - 1) return this.#passLineEnd();
      if (bytes[this.#at] !== delimiter) return false;
      this.#at += 1;
    }
    return false;
  }

  /** Whether the cell is a number in few digits, which is `value` then. */
  #readNumber(): boolean {
    const bytes = this.#bytes;
    let at = this.#at;
    const isNegative = bytes[at] === minus;
    if (isNegative) at += 1;
    let mantissa = 0;
    let digits = -at;
    let digit = bytes[at] - digitZero;
    for (; digit >>> 0 <= 9; digit = bytes[at] - digitZero) {
      mantissa = 10 * mantissa + digit;
      at += 1;
    }
    digits += at;
    let exponent = 0;
    if (bytes[at] === this.#point) {
      const behind = at + 1;
      at = behind;
      for (digit = bytes[at] - digitZero; digit >>> 0 <= 9; digit = bytes[at] - digitZero) {
        mantissa = 10 * mantissa + digit;
        at += 1;
      }
      digits += at - behind;
      exponent = behind - at;
    }
    if (digits === 0 || mantissa > Number.MAX_SAFE_INTEGER) return false;
    // "e" and "E" differ by one bit.
    if ((bytes[at] | 0x20) === 0x65) {
      const sign = bytes[at + 1] === minus ? -1 : 1;
      const from = at + (sign < 0 || bytes[at + 1] === plus ? 2 : 1);
      let written = 0;
      at = from;
      for (
        digit = bytes[at] - digitZero;
        digit >>> 0 <= 9 && written < 1000;
        digit = bytes[at] - digitZero
      ) {
        written = 10 * written + digit;
        at += 1;
      }
      if (at === from) return false;
      exponent += sign * written;
    }
    if (exponent < -22 || exponent > 22 || !this.#isEnd(bytes[at])) return false;
    const size =
      exponent < 0 ? mantissa / powersOfTen[-exponent] : mantissa * powersOfTen[exponent];
    this.#value = isNegative ? -size : size;
    this.#at = at;
    return true;
  }

  #isEnd(byte: number): boolean {
    return byte === this.plan.delimiter || byte === lineFeed || byte === carriageReturn;
  }

  /** Whether the cell is a number in another notation or a missing value, which is `value` then. */
  #readOther(): boolean {
    const from = this.#at;
    if (!this.#passCell()) return false;
    const value = this.#cells.numberOf(this.#bytes.toString("utf8", from, this.#at));
    this.#value = value ?? 0;
    return value !== undefined;
  }

  /** Whether the cell has no quotes; the place is at its end then. */
  #passCell(): boolean {
    const bytes = this.#bytes;
    let at = this.#at;
    while (!this.#isEnd(bytes[at])) {
      if (bytes[at] === quote) return false;
      at += 1;
    }
    this.#at = at;
    return true;
  }
}

function withCapacity(column: Float64Array, length: number): Float64Array<ArrayBuffer> {
  const larger = new Float64Array(length);
  larger.set(column);
  return larger;
}
