// The kinds of value that keys take. Each key is one line: its kind, its default and what it means.

import { z } from "zod";

export const count = () => z.int().min(1);
export const positive = () => z.number().positive();
const text = () => z.string().min(1);

/** Any kind, with its default, what it means, and examples. */
export const key = <S extends z.ZodType>(
  kind: S,
  standard: z.util.NoUndefined<z.output<S>>,
  description: string,
  examples?: readonly unknown[],
) => kind.default(standard).meta({ description, ...(examples && { examples: [...examples] }) });

/** true or false. */
export const flag = (standard: boolean, description: string) =>
  key(z.boolean(), standard, description);

/** A whole number from 1 on. */
export const counted = (standard: number, description: string) =>
  key(count(), standard, description);

/** A number above 0. */
export const sized = (standard: number, description: string) =>
  key(positive(), standard, description);

/** A number from 0 on, below 1. */
export const fraction = (standard: number, description: string) =>
  key(z.number().min(0).lt(1), standard, description);

/** One of a few words. */
export const oneOf = <const T extends readonly string[]>(
  words: T,
  standard: T[number],
  description: string,
) => key(z.enum(words), standard as z.util.NoUndefined<T[number]>, description);

/** Text that is not empty. */
export const named = (standard: string, description: string, examples?: readonly string[]) =>
  key(text(), standard, description, examples);

/** One or several of a kind. */
export const several = <S extends z.ZodType>(kind: S) => z.union([kind, z.array(kind).min(1)]);

/** null, or what `kind` says; null is the default. */
export const orNull = <S extends z.ZodType>(kind: S, description: string, example?: unknown) =>
  key(kind.nullable(), null as never, description, example === undefined ? undefined : [example]);

/** null or a count, for keys that follow another key unless they are set. */
export const follows = (description: string, example: number) =>
  orNull(count(), description, example);

/**
 * Steps of a sampler. Training and evaluations record all of them as one program, which takes some 20 kB and a
 * millisecond a step, and more with a large network; `dsbm sample` keeps a bounded number of steps.
 */
export const stepCount = (most = 10_000) => count().max(most);

/** Which weights of a run. */
export const halfIteration = () =>
  key(
    z.union([z.literal("newest"), count()]),
    "newest",
    "the run as it was after this half-iteration",
  );

/** null or text: the path of a file, or a name. */
export const file = (description: string, example: string) => orNull(text(), description, example);

const mostSeed = 2 ** 32 - 1;
export const seed = (description: string) => key(z.int().min(0).max(mostSeed), 42, description);

export const threads = (description: string) =>
  key(z.union([z.literal("auto"), count()]), "auto", description);

export const device = () =>
  key(z.string().regex(/^(cpu|cuda(:\d+)?)$/), "cpu", "where tensors are kept", [
    ...["cpu", "cuda", "cuda:1"],
  ]);

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

/**
 * null, or names as a list. On a command line [a,b], one name and, without --multirun, a,b are lists; a name that reads
 * as a number is taken as text.
 */
export function names(description: string, example: readonly string[]) {
  const name = z.union([text(), z.number()]);
  return z
    .union([text().meta({ examples: [example.join()] }), z.array(name).min(1), z.number()])
    .nullable()
    .transform((value) => (value === null ? null : [value].flat().map(String)))
    .prefault(null)
    .describe(description);
}

/** null, or a value of a table: text, or a number, which is taken as text. */
export const cell = (description: string, example: string) =>
  z
    .union([text().meta({ examples: [example] }), z.number(), z.boolean()])
    .nullable()
    .transform((value) => (value === null ? null : String(value)))
    .prefault(null)
    .describe(description);

/** The numbers of a list kept as text: "0.5,1,1" is [0.5, 1, 1], null is []. */
export function readNumbers(text: string | null): number[] {
  return text === null ? [] : text.split(",").map(Number);
}
