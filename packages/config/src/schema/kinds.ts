// Why: the same few kinds of value (a count, a rate, a list written as text) recur in all the
// groups of keys of the image trainer; each is said once.

import { z } from "zod";

export const count = () => z.int().min(1);
export const positive = () => z.number().positive();

/** null or a count, for keys that follow another key when nobody sets them. */
export const follows = (description: string, example: number) =>
  count()
    .nullable()
    .default(null)
    .meta({ description, examples: [example] });

/** null or the path of a file. */
export const file = (description: string, example: string) =>
  z
    .string()
    .min(1)
    .nullable()
    .default(null)
    .meta({ description, examples: [example] });

/**
 * A list of positive numbers, kept as text ("16,8"), as presets spell it. A command line may also
 * say [16,8] or 16, because there a bare 16,8 is a sweep.
 */
export function numbers(example: string, { whole = false }: { whole?: boolean } = {}) {
  const item = whole ? count() : positive();
  const digits = whole
    ? String.raw`0*[1-9]\d*`
    : String.raw`(?=[\d.]*[1-9])(?:\d+(?:\.\d*)?|\.\d+)`;
  const text = z.string().regex(new RegExp(String.raw`^\s*${digits}(?:\s*,\s*${digits})*\s*$`));
  return z
    .union([text.meta({ examples: [example] }), item, z.array(item).min(1)])
    .transform((value) => (typeof value === "string" ? readNumbers(value) : [value].flat()).join());
}

/** The numbers of a list kept as text: "0.5,1,1" is [0.5, 1, 1], null is []. */
export function readNumbers(text: string | null): number[] {
  return text === null ? [] : text.split(",").map(Number);
}

/** How the learning rate falls, in every experiment that trains. */
export const lrSchedule = () =>
  z
    .enum(["cosine"])
    .nullable()
    .default(null)
    .meta({
      description:
        "how the learning rate falls in each half-iteration: cosine goes to 0 along half a wave; null: not at all",
      examples: ["cosine"],
    });
