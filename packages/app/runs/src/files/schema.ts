// Parts of schemas of a run's files, which may come from anyone.
import { z } from "zod";

/** A number, also NaN and infinities. */
export const real = z.custom<number>((value) => typeof value === "number");
/** A number; null if it is missing or has another form. */
export const realOrNull = real.nullable().catch(null);
export const textOrNull = z.string().nullable().catch(null);
/** A text; "" if it is missing or has another form. */
export const text = z.string().catch("");

/** A list without items of another form. */
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
