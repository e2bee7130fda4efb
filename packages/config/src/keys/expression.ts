// Why: a few keys are formulas ("2 * sqrt(gamma)"). They are read by a small grammar of their own, so that
// text from a command line or a file is never run as code.

import { ConfigError, quote } from "../errors.js";
import { suggestion } from "../nearest.js";

/** A parsed formula; a value may be NaN or infinite, as in JavaScript. Throws ConfigError for a variable left out. */
export type Expression = (variables: Readonly<Record<string, number>>) => number;

const MAX_LENGTH = 200;
const MAX_DEPTH = 32;

const NUMBER = /(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?/y;
const NAME = /[A-Za-z_]\w*/y;
const PREFIX = /(?:torch|math|np)\s*\.\s*/y;

/** Functions and the numbers of arguments that they take. */
const FUNCTIONS = new Map<string, { least: number; most: number; run: (...x: number[]) => number }>(
  [
    ["sqrt", { least: 1, most: 1, run: Math.sqrt }],
    ["exp", { least: 1, most: 1, run: Math.exp }],
    ["log", { least: 1, most: 1, run: Math.log }],
    ["abs", { least: 1, most: 1, run: Math.abs }],
    ["min", { least: 2, most: MAX_LENGTH, run: Math.min }],
    ["max", { least: 2, most: MAX_LENGTH, run: Math.max }],
  ],
);

/**
 * Reads a formula of numbers, the given variables, + - * / **, parentheses and sqrt, exp, log, abs, min, max
 * (also as torch.sqrt, math.sqrt or np.sqrt). Powers bind as in Python: -2**2 is -4, 2**3**2 is 2**9.
 * Throws ConfigError "value" that quotes the text, the place in it, and what was expected there.
 */
export function parseExpression(text: string, variables: readonly string[]): Expression {
  return new Reader(text, variables).whole();
}

class Reader {
  private pos = 0;
  private depth = 0;

  constructor(
    private readonly text: string,
    private readonly variables: readonly string[],
  ) {}

  whole(): Expression {
    if (this.text.length > MAX_LENGTH)
      throw new ConfigError(
        "value",
        `cannot read ${quote(this.text)}: a formula has at most ${MAX_LENGTH} characters, this one ${this.text.length}`,
      );
    const value = this.sum();
    if (this.pos < this.text.length) this.fail("an operator (+ - * / **) or the end");
    return value;
  }

  private sum(): Expression {
    let value = this.product();
    for (;;) {
      const left = value;
      if (this.take("+")) {
        const right = this.product();
        value = (at) => left(at) + right(at);
      } else if (this.take("-")) {
        const right = this.product();
        value = (at) => left(at) - right(at);
      } else return value;
    }
  }

  private product(): Expression {
    let value = this.factor();
    for (;;) {
      const left = value;
      if (this.take("*")) {
        const right = this.factor();
        value = (at) => left(at) * right(at);
      } else if (this.take("/")) {
        const right = this.factor();
        value = (at) => left(at) / right(at);
      } else return value;
    }
  }

  /** A signed factor, or a power; every way into another level leads through here. */
  private factor(): Expression {
    if (++this.depth > MAX_DEPTH) this.fail(`at most ${MAX_DEPTH} levels of nesting`);
    const value = this.signed();
    this.depth--;
    return value;
  }

  private signed(): Expression {
    if (this.take("+")) return this.factor();
    if (this.take("-")) {
      const value = this.factor();
      return (at) => -value(at);
    }
    const base = this.atom();
    if (!this.take("**")) return base;
    const exponent = this.factor();
    return (at) => base(at) ** exponent(at);
  }

  private atom(): Expression {
    this.skipSpace();
    const start = this.pos;
    const digits = this.match(NUMBER);
    if (digits !== null) {
      const value = Number(digits);
      if (!Number.isFinite(value)) this.fail("a number that is not so large", start);
      return () => value;
    }
    if (this.take("(")) {
      const value = this.sum();
      if (!this.take(")")) this.fail('an operator or ")"');
      return value;
    }
    const prefixed = this.match(PREFIX) !== null;
    const name = this.match(NAME);
    if (name === null) this.fail(`a number, a name or "("`);
    if (prefixed || FUNCTIONS.has(name)) return this.call(name, start);
    if (!this.variables.includes(name)) {
      const known = [...this.variables, ...FUNCTIONS.keys()];
      this.stop(start, `unknown name ${quote(name)}: ${suggestion(name, known)}`);
    }
    return (at) => {
      const value = Object.hasOwn(at, name) ? at[name] : undefined;
      if (value === undefined)
        throw new ConfigError("value", `${quote(this.text)} needs a value of ${name}, got none`);
      return value;
    };
  }

  private call(name: string, start: number): Expression {
    const found = FUNCTIONS.get(name);
    if (found === undefined) {
      this.stop(
        start,
        `unknown function ${quote(name)}: ${suggestion(name, [...FUNCTIONS.keys()])}`,
      );
    }
    if (!this.take("(")) this.fail(`"(" after ${name}`);
    const values = [this.sum()];
    while (this.take(",")) values.push(this.sum());
    const { least, most, run } = found;
    if (!this.take(")"))
      this.fail(most > values.length ? 'an operator, "," or ")"' : 'an operator or ")"');
    if (values.length < least || values.length > most) {
      const count = least === most ? "one argument" : "two arguments or more";
      this.fail(`${name} with ${count}, not ${values.length}`, start);
    }
    return (at) => run(...values.map((value) => value(at)));
  }

  /** Takes an operator or a bracket; "*" is not the head of "**". */
  private take(sign: string): boolean {
    this.skipSpace();
    if (!this.text.startsWith(sign, this.pos)) return false;
    if (sign === "*" && this.text[this.pos + 1] === "*") return false;
    this.pos += sign.length;
    return true;
  }

  private match(pattern: RegExp): string | null {
    pattern.lastIndex = this.pos;
    const [found = null] = pattern.exec(this.text) ?? [];
    if (found !== null) this.pos += found.length;
    return found;
  }

  private skipSpace(): void {
    while (/\s/.test(this.text[this.pos] ?? "")) this.pos++;
  }

  private fail(expected: string, at = this.pos): never {
    this.pos = at;
    this.skipSpace();
    const rest = this.text.slice(this.pos);
    const found = rest === "" ? "the end" : quote(/^(?:\w+|\*\*|.)/su.exec(rest)?.[0] ?? rest);
    this.stop(this.pos, `expected ${expected}, got ${found}`);
  }

  private stop(at: number, problem: string): never {
    throw new ConfigError(
      "value",
      `cannot read ${quote(this.text)} at character ${at + 1}: ${problem}`,
    );
  }
}
