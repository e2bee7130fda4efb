// The condition of each row as a number: of a class its place among all classes.
import { badTable } from "../../errors.js";
import type { TableColumn } from "../rows.js";

/** Each class is an input of the networks. */
const mostClasses = 100;

export function conditionCodes(path: string, column: Pick<TableColumn, "name" | "kind">) {
  /** By their first rows. */
  const known = new Map<string, number>();
  return {
    /** The conditions of rows as they are stored meanwhile. */
    add(values: Float64Array | string[]): Float64Array {
      if (values instanceof Float64Array) return values;
      return Float64Array.from(values, (text) => {
        const name = text.trim();
        const code = known.get(name) ?? known.size;
        if (code === mostClasses)
          throw badTable(
            path,
            `column ${column.name} has more than ${mostClasses} different texts: expected classes for data.condition, or numbers`,
          );
        known.set(name, code);
        return code;
      });
    },
    /** What stored conditions become, classes places in their order; and the classes, null for numbers. */
    finish(): { code: (stored: number) => number; classes: string[] | null } {
      if (column.kind === "number") return { code: (x) => x, classes: null };
      const classes = [...known.keys()].sort();
      const places = [...known.keys()].map((text) => classes.indexOf(text));
      return { code: (k) => places[k] as number, classes };
    },
  };
}
