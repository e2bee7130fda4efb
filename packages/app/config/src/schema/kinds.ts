import { z } from "zod";

/** An integer from 1 on. */
export const count = () => z.int().min(1);
/** A number above 0. */
export const positive = () => z.number().positive();
const text = () => z.string().min(1);

/** A key with its default, its line of --help and examples for messages. */
export const key = <S extends z.ZodType>(
  kind: S,
  standard: z.util.NoUndefined<z.output<S>>,
  description: string,
  examples?: readonly unknown[],
) => kind.default(standard).meta({ description, ...(examples && { examples: [...examples] }) });

/** A key that is true or false. */
export const flag = (standard: boolean, description: string) =>
  key(z.boolean(), standard, description);

/** A key with an integer from 1 on. */
export const countKey = (standard: number, description: string) =>
  key(count(), standard, description);

/** Rows of each side for exact transport; the largest number is the one of `exactPointPlan`. */
export const exactRows = () =>
  key(
    count().max(30_000),
    2000,
    "maximum rows of each side for exact distances; more than 30,000 would take too long",
  );

/** A key with a number above 0. */
export const positiveKey = (standard: number, description: string) =>
  key(positive(), standard, description);

/** A key with a number from 0 to below 1. */
export const fraction = (standard: number, description: string) =>
  key(z.number().min(0).lt(1), standard, description);

/** A key with one of several names. */
export const oneOf = <const T extends readonly string[]>(
  words: T,
  standard: T[number],
  description: string,
) => key(z.enum(words), standard as z.util.NoUndefined<T[number]>, description);

/** A key with non-empty text. */
export const nameKey = (standard: string, description: string, examples?: readonly string[]) =>
  key(text(), standard, description, examples);

/** A value, or a non-empty list of such values. */
export const oneOrMore = <S extends z.ZodType>(kind: S) => z.union([kind, z.array(kind).min(1)]);

/** A key that is null by default. */
export const orNull = <S extends z.ZodType>(kind: S, description: string, example?: unknown) =>
  key(kind.nullable(), null as never, description, example === undefined ? undefined : [example]);

/** null or a count, for keys that follow another key by default. */
export const countOrNull = (description: string, example: number) =>
  orNull(count(), description, example);

/** Steps are recorded as one program: 20 kB and a millisecond a step, more for large networks. */
export const stepCount = (most = 10_000) => count().max(most);

/** The key that chooses a state of a run by its half-iteration. */
export const halfIteration = () =>
  key(z.union([z.literal("newest"), count()]), "newest", "the run after this half-iteration");

/** A key with the path of a file or a name in it; null by default. */
export const file = (description: string, example: string) => orNull(text(), description, example);

const mostSeed = 2 ** 32 - 1;
/** A key with a seed of 32 bits; 42 by default. */
export const seed = (description: string) => key(z.int().min(0).max(mostSeed), 42, description);

/** A key with a number of threads; auto is all processors. */
export const threads = (description: string) =>
  key(z.union([z.literal("auto"), count()]), "auto", description);

/** The key of the device, such as cuda:1. */
export const device = () =>
  key(z.string().regex(/^(cpu|cuda(:\d+)?)$/), "cpu", "where tensors are kept", [
    "cpu",
    "cuda",
    "cuda:1",
  ]);

/**
 * A list of positive numbers kept as text ("16,8"), as in the presets. [16,8] and 16 are lists too.
 */
export function numbers(example: string, { whole = false }: { whole?: boolean } = {}) {
  const item = whole ? count() : positive();
  const list = z
    .string()
    .refine((text) => readNumbers(text).every((value) => item.safeParse(value).success));
  return z
    .union([list.meta({ examples: [example] }), item, z.array(item).min(1)])
    .transform((value) => (typeof value === "string" ? readNumbers(value) : [value].flat()).join());
}

const nameList = (example: readonly string[]) =>
  z
    .union([
      text().meta({ examples: [example.join()] }),
      z.array(z.union([text(), z.number()])).min(1),
      z.number(),
    ])
    .transform((value) => [value].flat().map(String));

/** Marks values that stay as they are written: 1E2 is a name, not 100. */
const cellFacts = (description: string) => ({ description, asWritten: true });

/** null, or a list of names. A name alone is a list, and a number is a name. */
export const names = (description: string, example: readonly string[]) =>
  nameList(example).nullable().prefault(null).meta(cellFacts(description));

/** null, true for all, or a list of names. */
export const allOrNames = (description: string, example: readonly string[]) =>
  z
    .union([z.literal(true), nameList(example)])
    .nullable()
    .prefault(null)
    .meta(cellFacts(description));

/** null, or a value of a table as text. */
export const cell = (description: string, example: string) =>
  z
    .union([text().meta({ examples: [example] }), z.number(), z.boolean()])
    .nullable()
    .transform((value) => (value === null ? null : String(value)))
    .prefault(null)
    .meta(cellFacts(description));

/** Reads a list in text: "0.5,1,1" is [0.5, 1, 1], null is []. */
export function readNumbers(text: string | null): number[] {
  return text === null ? [] : text.split(",").map(Number);
}
