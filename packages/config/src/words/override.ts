// The words key=value that describe a run, in Hydra's grammar, as they arrive in argv: the shell has removed its quotes,
// so that fb_sequence=['b'] arrives as fb_sequence=[b].

import { ConfigError, quote } from "../errors.js";
import { parseChoices } from "./grammar.js";
import { printValue, type Value } from "./value.js";

/** set: key=value · add: +key=value · force: ++key=value · delete: ~key or ~key=value. */
type OverrideKind = "set" | "add" | "force" | "delete";

export interface Override {
  kind: OverrideKind;
  /** Dotted (a.b.c), or a group of presets (method, a/b). */
  key: string;
  /** One value; several in a sweep; none for a bare ~key. */
  values: Value[];
  sweep: boolean;
}

const PREFIX: Record<OverrideKind, string> = { set: "", add: "+", force: "++", delete: "~" };
const KIND: Record<string, OverrideKind> = { "": "set", "+": "add", "++": "force", "~": "delete" };
const KEY = /^[\w-]+(?:[./][\w-]+)*$/;

/** Whether a word of a command line is a setting, key=value with or without a prefix, rather than a place. */
export const isSetting = (word: string): boolean => /^[~+]{0,2}[A-Za-z_][\w.]*=/.test(word);

/**
 * Parses one argv token as an override.
 * Throws ConfigError "syntax" with the place where reading stopped.
 */
export function parseOverride(token: string): Override {
  const equals = token.indexOf("=");
  const left = equals < 0 ? token : token.slice(0, equals);
  const [, prefix = "", key = ""] = /^\s*(\+\+?|~)?\s*(.*?)\s*$/s.exec(left) ?? [];
  const kind = KIND[prefix] as OverrideKind;
  if (!KEY.test(key) || key.startsWith("-") || key.split(/[./]/).includes("__proto__")) {
    throw new ConfigError(
      "syntax",
      `cannot read ${quote(token)}: expected key=value with a key such as dim or a.b, ` +
        `got the key ${quote(key)}`,
    );
  }
  if (equals < 0) {
    if (kind === "delete") return { kind, key, values: [], sweep: false };
    throw new ConfigError(
      "syntax",
      `cannot read ${quote(token)}: expected key=value, got no "="; write ${left.trim()}=…`,
    );
  }
  const { values, sweep } = parseChoices(token.slice(equals + 1), token);
  if (kind === "delete" && sweep) {
    throw new ConfigError("syntax", `cannot read ${quote(token)}: ~key takes one value, no sweep`);
  }
  return { kind, key, values, sweep };
}

/** Writes an override in its canonical form, which parses back to the same override. */
export function printOverride({ kind, key, values, sweep }: Override): string {
  const left = PREFIX[kind] + key;
  if (values.length === 0) return left;
  const right = values.map(printValue).join(",");
  return `${left}=${sweep && values.length === 1 ? `choice(${right})` : right}`;
}
