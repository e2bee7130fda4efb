// Two keys take formulas ("2 * sqrt(gamma)"). They are read by a small grammar, so that text from a command line or a
// file is never run as code.

import { ConfigError, quote } from "../errors.js";
import { suggestion } from "../nearest.js";

/** The value of a formula for a value of its variable; it may be NaN or infinite. */
export type Expression = (x: number) => number;

const MAX_LENGTH = 200;
const MAX_DEPTH = 32;
const TOKEN =
  /\s*(?:((?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)|((?:(?:torch|math|np)\s*\.\s*)?[A-Za-z_]\w*)|(\*\*|\S))/uy;

/** Operators: how tightly they bind on their left and on their right (Python's: 2**3**2 is 2**9, -2**2 is -4). */
const OPERATORS: Record<
  string,
  [left: number, right: number, run: (a: number, b: number) => number]
> = {
  "+": [1, 2, (a, b) => a + b],
  "-": [1, 2, (a, b) => a - b],
  "*": [3, 4, (a, b) => a * b],
  "/": [3, 4, (a, b) => a / b],
  "**": [7, 5, (a, b) => a ** b],
};
const SIGN = 5;
const FUNCTIONS: Record<string, [least: number, most: number, run: (...x: number[]) => number]> = {
  sqrt: [1, 1, Math.sqrt],
  exp: [1, 1, Math.exp],
  log: [1, 1, Math.log],
  abs: [1, 1, Math.abs],
  min: [2, MAX_LENGTH, Math.min],
  max: [2, MAX_LENGTH, Math.max],
};

interface Token {
  text: string;
  at: number;
  kind: "number" | "name" | "sign" | "end";
}

/**
 * Reads a formula of numbers, one variable, + - * / **, parentheses and sqrt, exp, log, abs, min, max (also as
 * torch.sqrt, math.sqrt or np.sqrt). Throws ConfigError "value" that quotes the text, the place in it, and what was
 * expected there.
 */
export function parseExpression(text: string, variable: string): Expression {
  const stop = (at: number, problem: string): never => {
    throw new ConfigError("value", `cannot read ${quote(text)} at character ${at + 1}: ${problem}`);
  };
  const fail = (expected: string, { text: found, at }: Token): never =>
    stop(at, `expected ${expected}, got ${found === "" ? "the end" : quote(found)}`);
  if (text.length > MAX_LENGTH)
    stop(MAX_LENGTH, `a formula has at most ${MAX_LENGTH} characters, this one ${text.length}`);
  const tokens = tokensOf(text);
  let next = 0;
  const peek = () => tokens[next] as Token;
  const take = (sign: string) => peek().kind === "sign" && peek().text === sign && ++next > 0;

  const sum = (binding: number, depth: number): Expression => {
    if (depth > MAX_DEPTH) fail(`at most ${MAX_DEPTH} levels of nesting`, peek());
    let value = operand(depth);
    for (;;) {
      const { kind, text: sign } = peek();
      const operator =
        kind === "sign" && Object.hasOwn(OPERATORS, sign) ? OPERATORS[sign] : undefined;
      if (operator === undefined || operator[0] < binding) return value;
      next++;
      const [a, b, run] = [value, sum(operator[1], depth + 1), operator[2]];
      value = (x) => run(a(x), b(x));
    }
  };
  const operand = (depth: number): Expression => {
    const token = peek();
    if (take("+")) return sum(SIGN, depth + 1);
    if (take("-")) {
      const value = sum(SIGN, depth + 1);
      return (x) => -value(x);
    }
    if (take("(")) {
      const value = sum(0, depth + 1);
      if (!take(")")) fail('an operator or ")"', peek());
      return value;
    }
    if (token.kind === "end" || token.kind === "sign") fail('a number, a name or "("', token);
    next++;
    if (token.kind === "name") return named(token, depth);
    const value = Number(token.text);
    if (!Number.isFinite(value)) fail("a number that is not so large", token);
    return () => value;
  };
  const named = (token: Token, depth: number): Expression => {
    const name = token.text.replace(/^.*\.\s*/s, "");
    const found = Object.hasOwn(FUNCTIONS, name) ? FUNCTIONS[name] : undefined;
    if (found === undefined && name !== token.text)
      stop(
        token.at,
        `unknown function ${quote(name)}: ${suggestion(name, Object.keys(FUNCTIONS))}`,
      );
    if (found === undefined && name === variable) return (x) => x;
    if (found === undefined) {
      const known = [variable, ...Object.keys(FUNCTIONS)];
      return stop(token.at, `unknown name ${quote(name)}: ${suggestion(name, known)}`);
    }
    const [least, most, run] = found;
    if (!take("(")) fail(`"(" after ${name}`, peek());
    const values = [sum(0, depth + 1)];
    while (take(",")) values.push(sum(0, depth + 1));
    if (!take(")")) fail(`an operator${most > values.length ? ', ","' : ""} or ")"`, peek());
    if (values.length < least || values.length > most) {
      const wanted = most === 1 ? "one argument" : "two arguments or more";
      stop(token.at, `expected ${name} with ${wanted}, not ${values.length}`);
    }
    return (x) => run(...values.map((value) => value(x)));
  };

  const whole = sum(0, 1);
  if (peek().kind !== "end") fail("an operator (+ - * / **) or the end", peek());
  return whole;
}

function tokensOf(text: string): Token[] {
  const tokens: Token[] = [];
  TOKEN.lastIndex = 0;
  for (let found = TOKEN.exec(text); found !== null; found = TOKEN.exec(text)) {
    const [, number, name] = found;
    const word = number ?? name ?? (found[3] as string);
    const kind = number !== undefined ? "number" : name !== undefined ? "name" : "sign";
    tokens.push({ text: word, at: found.index + found[0].length - word.length, kind });
  }
  return [...tokens, { text: "", at: text.length, kind: "end" }];
}
