// The right-hand side of key=value in Hydra's grammar: words, quoted text, lists, dictionaries, and at the top level
// sweeps. A recursive descent over characters.

import { ConfigError, quote } from "../errors.js";
import { readWord, type Tree, type Value } from "./value.js";

/** One value, or the values of a sweep (a,b,c · choice(…) · range(…)). */
export interface Choices {
  values: Value[];
  sweep: boolean;
}

const MAX_DEPTH = 64;
const MAX_RANGE = 10_000;
const ESCAPABLE = "\\()[]{}:=, \t'\"";
const STOPS = ",()[]{}'\"";

/**
 * Parses the text behind "key=", sweeps included; empty text is the empty string.
 * Throws ConfigError "syntax" that quotes `token` (the whole override) and the place in it.
 */
export function parseChoices(text: string, token: string = text): Choices {
  return new Reader(text, token).choices();
}

class Reader {
  private pos = 0;
  private depth = 0;

  constructor(
    private readonly text: string,
    private readonly token: string,
  ) {}

  choices(): Choices {
    this.skipSpace();
    if (this.atEnd()) return { values: [""], sweep: false };
    // A comma alone separates nothing.
    if (this.text.trim() === ",") return { values: [","], sweep: false };
    const name = this.functionName();
    if (name !== null) {
      const values = this.call(name);
      this.skipSpace();
      if (!this.atEnd()) this.fail(`nothing after ${name}(…)`);
      return { values, sweep: true };
    }
    const values = [this.element()];
    while (this.take(",")) values.push(this.element());
    if (!this.atEnd()) this.fail(values.length > 1 ? '"," or the end' : "the end of the value");
    return { values, sweep: values.length > 1 };
  }

  private element(): Value {
    this.skipSpace();
    const name = this.functionName();
    if (name !== null) this.fail(`a value: ${name}(…) must be all that follows the "="`);
    if (++this.depth > MAX_DEPTH) this.fail(`at most ${MAX_DEPTH} nested brackets`);
    const value = this.bracketOrWord();
    this.depth--;
    this.skipSpace();
    return value;
  }

  private bracketOrWord(): Value {
    if (this.take("[")) return this.list();
    if (this.take("{")) return this.dictionary();
    if (this.peek() === "'" || this.peek() === '"') return this.quoted();
    const { text, escaped } = this.word("");
    if (text === "") this.fail("a value (write '' for empty text)");
    return escaped ? text : readWord(text);
  }

  private list(): Value[] {
    this.skipSpace();
    const items: Value[] = [];
    if (this.take("]")) return items;
    do items.push(this.element());
    while (this.take(","));
    if (!this.take("]")) this.fail('"," or "]"');
    return items;
  }

  private dictionary(): Tree {
    this.skipSpace();
    const tree: Tree = {};
    if (this.take("}")) return tree;
    do {
      this.skipSpace();
      const isQuoted = this.peek() === "'" || this.peek() === '"';
      const key = isQuoted ? this.quoted() : this.word(":").text;
      if (key === "" && !isQuoted) this.fail("a key");
      if (key === "__proto__") this.fail('a key other than "__proto__"');
      if (Object.hasOwn(tree, key)) this.fail(`each key once, not ${quote(key)} twice`);
      this.skipSpace();
      if (!this.take(":")) this.fail('":" after the key');
      tree[key] = this.element();
    } while (this.take(","));
    if (!this.take("}")) this.fail('"," or "}"');
    return tree;
  }

  /** Quoted text: backslashes are ordinary except in front of the closing kind of quote. */
  private quoted(): string {
    const mark = this.text[this.pos++] as string;
    let out = "";
    for (;;) {
      const start = this.pos;
      while (this.peek() === "\\") this.pos++;
      const slashes = this.pos - start;
      if (this.atEnd()) this.fail(`a closing ${mark}`);
      const char = this.text[this.pos++] as string;
      if (char !== mark) {
        out += "\\".repeat(slashes) + char;
        continue;
      }
      out += "\\".repeat(slashes >> 1);
      if (slashes % 2 === 0) return out;
      out += mark;
    }
  }

  /** Unquoted text up to a structural character; blanks at its end do not count, inside they do. */
  private word(stop: string): { text: string; escaped: boolean } {
    let out = "";
    let length = 0; // of `out` without blanks at the end
    let escaped = false;
    while (!this.atEnd()) {
      const char = this.peek();
      const next = this.text[this.pos + 1];
      if (char === "\\" && next !== undefined && ESCAPABLE.includes(next)) {
        out += next;
        length = out.length;
        escaped = true;
        this.pos += 2;
      } else if (char === "$" && next === "{") {
        out += this.reference();
        length = out.length;
      } else if (STOPS.includes(char) || char === stop) {
        break;
      } else {
        out += char;
        if (!/\s/.test(char)) length = out.length;
        this.pos++;
      }
    }
    return { text: out.slice(0, length), escaped };
  }

  /** ${…}, kept as it is: references are resolved when the configuration is complete. */
  private reference(): string {
    const end = this.text.indexOf("}", this.pos);
    if (end < 0) this.fail('"}" to close "${"');
    const out = this.text.slice(this.pos, end + 1);
    this.pos = end + 1;
    return out;
  }

  private functionName(): string | null {
    const match = /^([A-Za-z_]\w*)\(/.exec(this.text.slice(this.pos, this.pos + 64));
    return match?.[1] ?? null;
  }

  private call(name: string): Value[] {
    if (name !== "choice" && name !== "range") {
      this.fail(`choice(…) or range(…), the functions known here, or quotes around the text`);
    }
    this.pos += name.length + 1;
    const values = [this.element()];
    while (this.take(",")) values.push(this.element());
    if (!this.take(")")) this.fail('"," or ")"');
    return name === "choice" ? values : this.range(values);
  }

  private range(given: Value[]): number[] {
    const numbers = given.filter((v): v is number => Number.isFinite(v));
    const [start, stop, step = 1] = numbers.length === 1 ? [0, numbers[0]] : numbers;
    if (numbers.length !== given.length || given.length > 3 || step === 0) {
      this.fail("range(stop), range(start,stop) or range(start,stop,step), finite, step not 0");
    }
    const first = start as number;
    // A hair is taken off so that range(0,0.3,0.1) does not reach its stop by rounding.
    const count = Math.max(0, Math.ceil(((stop as number) - first) / step - 1e-9));
    if (count === 0) this.fail("a range with at least one value");
    if (count > MAX_RANGE) this.fail(`a range of at most ${MAX_RANGE} values`);
    const whole = Number.isInteger(first) && Number.isInteger(step);
    const clean = (x: number) => (whole ? x : Number(x.toPrecision(12))); // 0.3, not 0.30000000000000004
    return Array.from({ length: count }, (_, i) => clean(first + i * step));
  }

  private peek(): string {
    return this.text[this.pos] ?? "";
  }

  private atEnd(): boolean {
    return this.pos >= this.text.length;
  }

  private skipSpace(): void {
    while (/\s/.test(this.peek())) this.pos++;
  }

  private take(char: string): boolean {
    if (this.peek() !== char) return false;
    this.pos++;
    return true;
  }

  private fail(expected: string): never {
    const got = this.atEnd() ? "the end" : quote(this.peek());
    const place = this.token.length - this.text.length + this.pos + 1;
    const [, key, value] = /^([^=]+)=([^"]+)$/.exec(this.token) ?? [];
    const inShell = `'${key}="${value?.replaceAll("'", `'\\''`)}"'`;
    const example = key && /['()]/.test(this.peek()) ? `, in a shell ${inShell}` : "";
    throw new ConfigError(
      "syntax",
      `cannot read ${quote(this.token)}: expected ${expected}, got ${got} at character ${place}` +
        ` (text with , ( ) [ ] { } or quotes in it must be quoted${example})`,
    );
  }
}
