// The kinds of value that keys take. Each key is one line: its kind, its default and what it means.

import { z } from "zod";

export const count = () => z.int().min(1);
export const positive = () => z.number().positive();
const text = () => z.string().min(1);

/** true or false. */
export const flag = (standard: boolean, description: string) =>
  z.boolean().default(standard).describe(description);

/** A whole number from 1 on. */
export const counted = (standard: number, description: string) =>
  count().default(standard).describe(description);

/** A number above 0. */
export const sized = (standard: number, description: string) =>
  positive().default(standard).describe(description);

/** A number from `least` on, below 1. */
export const fraction = (standard: number, description: string) =>
  z.number().min(0).lt(1).default(standard).describe(description);

/** One of a few words. */
export const oneOf = <const T extends readonly string[]>(
  words: T,
  standard: T[number],
  description: string,
) =>
  z
    .enum(words)
    .default(standard as z.util.NoUndefined<T[number]>)
    .describe(description);

/** Text that is not empty. */
export const named = (standard: string, description: string) =>
  text().default(standard).describe(description);

/** null, or what `kind` says; null is the default. */
export const orNull = <S extends z.ZodType>(kind: S, description: string, example?: unknown) =>
  kind
    .nullable()
    .default(null as never)
    .meta({ description, ...(example !== undefined && { examples: [example] }) });

/** null or a count, for keys that follow another key unless they are set. */
export const follows = (description: string, example: number) =>
  orNull(count(), description, example);

/** null or text: the path of a file, or a name. */
export const file = (description: string, example: string) => orNull(text(), description, example);

export const seed = (description: string) =>
  z
    .int()
    .min(0)
    .max(2 ** 32 - 1)
    .default(42)
    .describe(description);

export const threads = (description: string) =>
  z
    .union([z.literal("auto"), count()])
    .default("auto")
    .describe(description);

export const device = () =>
  z
    .string()
    .regex(/^(cpu|cuda(:\d+)?)$/)
    .default("cpu")
    .meta({ description: "where tensors are kept", examples: ["cpu", "cuda", "cuda:1"] });

/**
 * A list of positive numbers, kept as text ("16,8"), as presets spell it. On a command line [16,8], 16 and, without
 * --multirun, 16,8 are the same.
 */
export function numbers(example: string, { whole = false }: { whole?: boolean } = {}) {
  const item = whole ? count() : positive();
  const digits = whole
    ? String.raw`0*[1-9]\d*`
    : String.raw`(?=[\d.]*[1-9])(?:\d+(?:\.\d*)?|\.\d+)`;
  const list = z.string().regex(new RegExp(String.raw`^\s*${digits}(?:\s*,\s*${digits})*\s*$`));
  return z
    .union([list.meta({ examples: [example] }), item, z.array(item).min(1)])
    .transform((value) => (typeof value === "string" ? readNumbers(value) : [value].flat()).join());
}

/** The numbers of a list kept as text: "0.5,1,1" is [0.5, 1, 1], null is []. */
export function readNumbers(text: string | null): number[] {
  return text === null ? [] : text.split(",").map(Number);
}
