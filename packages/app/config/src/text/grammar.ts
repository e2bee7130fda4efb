// Parses the right-hand side of key=value in Hydra's grammar.

import { ConfigError, quote } from "../errors.js";
import { readWord, type Tree, type Value } from "./value.js";

const MAX_DEPTH = 64;
const ESCAPABLE = "\\()[]{}:=, \t'\"";
const STOPS = ",()[]{}'\"";

/**
 * Reads the text behind "key=": one value, or the values a,b,c of a sweep. Empty text is one empty
 * string. Throws ConfigError "syntax" that quotes `token`, the whole override, and the place in it.
 */
export function parseValues(text: string, token: string = text): Value[] {
  return new Reader(text, token).values();
}

class Reader {
  private position = 0;
  private depth = 0;

  constructor(
    private readonly text: string,
    private readonly token: string,
  ) {}

  values(): Value[] {
    const trimmed = this.text.trim();
    // A comma alone separates nothing.
    if (trimmed === "" || trimmed === ",") return [trimmed];
    if (/^(choice|range)\(/.test(trimmed)) this.fail("the values themselves, such as 1,2,3");
    const values = [this.value()];
    while (this.take(",")) values.push(this.value());
    if (!this.isAtEnd()) this.fail(values.length > 1 ? '"," or the end' : "the end of the value");
    return values;
  }

  private value(): Value {
    this.skipSpace();
    if (++this.depth > MAX_DEPTH) this.fail(`at most ${MAX_DEPTH} nested brackets`);
    const value = this.bracketOrText();
    this.depth--;
    this.skipSpace();
    return value;
  }

  private bracketOrText(): Value {
    if (this.take("[")) return this.list();
    if (this.take("{")) return this.mapping();
    if (this.isQuote()) return this.quoted();
    const { text, isEscaped } = this.unquoted("");
    if (text === "") this.fail("a value (write '' for empty text)");
    return isEscaped ? text : readWord(text);
  }

  private list(): Value[] {
    const items: Value[] = [];
    this.items("]", () => items.push(this.value()));
    return items;
  }

  private mapping(): Tree {
    const tree: Tree = {};
    this.items("}", () => {
      this.skipSpace();
      const isQuoted = this.isQuote();
      const key = isQuoted ? this.quoted() : this.unquoted(":").text;
      if (key === "" && !isQuoted) this.fail("a key");
      if (key === "__proto__") this.fail('a key other than "__proto__"');
      if (Object.hasOwn(tree, key)) this.fail(`each key once, not ${quote(key)} twice`);
      this.skipSpace();
      if (!this.take(":")) this.fail('":" after the key');
      tree[key] = this.value();
    });
    return tree;
  }

  private items(close: string, read: () => void): void {
    this.skipSpace();
    if (this.take(close)) return;
    do read();
    while (this.take(","));
    if (!this.take(close)) this.fail(`"," or "${close}"`);
  }

  private quoted(): string {
    const mark = this.text[this.position++] as string;
    let out = "";
    for (;;) {
      const start = this.position;
      while (this.peek() === "\\") this.position++;
      const slashes = this.position - start;
      if (this.isAtEnd()) this.fail(`a closing ${mark}`);
      const char = this.text[this.position++] as string;
      if (char !== mark) {
        out += "\\".repeat(slashes) + char;
        continue;
      }
      out += "\\".repeat(slashes >> 1);
      if (slashes % 2 === 0) return out;
      out += mark;
    }
  }

  /** Text up to a structural character. Blanks count inside, not at the end. */
  private unquoted(stop: string): { text: string; isEscaped: boolean } {
    let out = "";
    let length = 0;
    let isEscaped = false;
    while (!this.isAtEnd()) {
      const char = this.peek();
      const next = this.text[this.position + 1];
      if (char === "\\" && next !== undefined && ESCAPABLE.includes(next)) {
        out += next;
        length = out.length;
        isEscaped = true;
        this.position += 2;
      } else if (char === "$" && next === "{") {
        out += this.reference();
        length = out.length;
      } else if (STOPS.includes(char) || char === stop) {
        break;
      } else {
        out += char;
        if (!/\s/.test(char)) length = out.length;
        this.position++;
      }
    }
    return { text: out.slice(0, length), isEscaped };
  }

  private reference(): string {
    const end = this.text.indexOf("}", this.position);
    if (end < 0) this.fail('"}" to close "${"');
    const start = this.position;
    this.position = end + 1;
    return this.text.slice(start, this.position);
  }

  private isQuote(): boolean {
    return this.peek() === "'" || this.peek() === '"';
  }

  private peek(): string {
    return this.text[this.position] ?? "";
  }

  private isAtEnd(): boolean {
    return this.position >= this.text.length;
  }

  private skipSpace(): void {
    while (/\s/.test(this.peek())) this.position++;
  }

  private take(char: string): boolean {
    if (this.peek() !== char) return false;
    this.position++;
    return true;
  }

  private fail(expected: string): never {
    const got = this.isAtEnd() ? "the end" : quote(this.peek());
    const place = this.token.length - this.text.length + this.position + 1;
    throw new ConfigError(
      "syntax",
      `cannot read ${quote(this.token)}: expected ${expected}, got ${got} at character ${place} (text with , ( ) [ ] { } or quotes in it must be quoted, in a shell twice: 'name="a, b"')`,
    );
  }
}
