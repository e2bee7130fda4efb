// Parts of schemas of a run's files, which may come from anybody.
import { z } from "zod";

/** A number, NaN and infinities included. */
export const real = z.custom<number>((value) => typeof value === "number");
/** A number, or null if it is missing or of another form. */
export const realOrNull = real.nullable().catch(null);
export const textOrNull = z.string().nullable().catch(null);
/** A text, "" if it is missing or of another form. */
export const text = z.string().catch("");

/** A list; items of another form are left out. */
export const listOf = <T extends z.ZodType>(item: T) =>
  z
    .array(z.unknown())
    .catch([])
    .transform((items) =>
      items.flatMap((value): z.output<T>[] => {
        const { success, data } = item.safeParse(value);
        return success ? [data] : [];
      }),
    );
