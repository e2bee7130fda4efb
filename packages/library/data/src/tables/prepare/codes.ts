// The condition of each row as a number: of a class its place among all classes.
import { badTable } from "../../errors.js";
import type { TableColumn } from "../rows.js";

const mostClasses = 100;

/** `add` gives temporary codes, which `finish` maps to final ones. */
export function conditionCodes(path: string, { name, kind }: Pick<TableColumn, "name" | "kind">) {
  const codes = new Map<string, number>();
  return {
    add(values: Float64Array | string[]): Float64Array {
      if (values instanceof Float64Array) return values;
      return Float64Array.from(values, (text) => {
        const label = text.trim();
        const code = codes.get(label) ?? codes.size;
        if (code === mostClasses)
          throw badTable(
            path,
            `column ${name} has more than ${mostClasses} different texts: expected classes for data.condition, or numbers`,
          );
        codes.set(label, code);
        return code;
      });
    },
    /** Classes are sorted; null for numbers. */
    finish(): { code: (temporary: number) => number; classes: string[] | null } {
      if (kind === "number") return { code: (x) => x, classes: null };
      const labels = [...codes.keys()];
      const classes = labels.toSorted();
      return { code: (k) => classes.indexOf(labels[k] as string), classes };
    },
  };
}
