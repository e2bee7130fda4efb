// Parses the right-hand side of key=value in Hydra's grammar.

import { ConfigError, quote } from "../errors.js";
import { readWord, type Value } from "./value.js";

const maxDepth = 64;
/** Backslashes count only before the mark. */
const quoted = /^(['"])(?:(?!\1)[^\\]|\\+(?!\1|\\)|(?:\\\\)*\\\1)*(?:\\\\)*\1/s;
const plain = /^[^,()[\]{}'"]+/;
const plainKey = /^[^,()[\]{}'":]+/;

/**
 * Reads the text behind "key=": one value, or the values a,b,c of a sweep. Empty text is one empty
 * string. Throws ConfigError "syntax" that quotes `token`, the whole override, and the place in it.
 */
export function parseValues(text: string, token: string = text): Value[] {
  let rest = text.trimStart();
  const fail = (expected: string): never => {
    const got = rest === "" ? "the end" : quote(rest.charAt(0));
    throw new ConfigError(
      `cannot read ${quote(token)}: expected ${expected}, got ${got} at character ${token.length - rest.length + 1} (text with , ( ) [ ] { } or quotes in it must be quoted, in a shell twice: 'name="a, b"')`,
      "syntax",
    );
  };
  const take = (pattern: RegExp): string | undefined => {
    const word = pattern.exec(rest)?.[0];
    if (word !== undefined) rest = rest.slice(word.length).trimStart();
    return word;
  };
  const textInQuotes = (): string | undefined => {
    if (!/^['"]/.test(rest)) return undefined;
    const word = take(quoted) ?? fail(`a closing ${rest.charAt(0)}`);
    const inner = word.slice(1, -1);
    return inner.replace(/(\\+)(['"]|$)/g, (all, slashes: string, end: string) =>
      end === "" || end === word.charAt(0) ? slashes.slice(0, slashes.length / 2) + end : all,
    );
  };
  const items = <T>(close: RegExp, item: () => T): T[] => {
    const list: T[] = [];
    if (take(close)) return list;
    do list.push(item());
    while (take(/^,/));
    return take(close) ? list : fail(`"," or ${quote(close.source.slice(-1))}`);
  };
  const value = (depth: number): Value => {
    if (depth > maxDepth) fail(`at most ${maxDepth} nested brackets`);
    if (take(/^\[/)) return items(/^]/, () => value(depth + 1));
    if (take(/^\{/)) return Object.fromEntries(items(/^}/, () => pair(depth + 1)));
    const word = textInQuotes();
    if (word !== undefined) return word;
    return readWord((take(plain) ?? fail("a value (write '' for empty text)")).trimEnd());
  };
  const pair = (depth: number): [string, Value] => {
    const key = textInQuotes() ?? (take(plainKey) ?? fail("a key")).trimEnd();
    if (!take(/^:/)) fail('":" after the key');
    return [key, value(depth)];
  };
  // A comma alone separates nothing.
  if (/^,?\s*$/.test(rest)) return [rest.trim()];
  const values = [value(0)];
  while (take(/^,/)) values.push(value(0));
  return rest === "" ? values : fail('"," or the end');
}
