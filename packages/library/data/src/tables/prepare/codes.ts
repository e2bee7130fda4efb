import { badTable } from "../../errors.js";
import type { TableColumn } from "../row-source.js";

const mostClasses = 100;

/** A cell as the name of a class: 3.0 is 3. */
export const classLabel = (cell: string): string => cell.trim().replace(/^([+-]?\d+)\.0*$/, "$1");

/** Numbers by size, texts alphabetically. */
export const byNumber = (a: string, b: string): number =>
  Number(a) - Number(b) || (a < b ? -1 : Number(a > b));

/** The temporary codes so far, as JSON. */
export interface CodesState {
  labels: string[];
  range: { min: number; max: number };
}

/**
 * Codes of a condition column: `add` gives temporary codes, which `finish` maps to final ones. Resumes `saved`.
 * @throws {DatasetError} `BadTable`, in `add`, for more than 100 different texts
 */
export function conditionCodes(
  path: string,
  { name, kind }: Pick<TableColumn, "name" | "kind">,
  saved?: CodesState,
) {
  const codes = new Map(saved?.labels.map((label, code) => [label, code]));
  const range =
    saved && kind === "number"
      ? saved.range
      : { min: Number.POSITIVE_INFINITY, max: Number.NEGATIVE_INFINITY };
  return {
    state: (): CodesState => ({ labels: [...codes.keys()], range }),
    add(values: Float64Array | string[]): Float64Array {
      if (values instanceof Float64Array) {
        range.min = values.reduce((a, b) => Math.min(a, b), range.min);
        range.max = values.reduce((a, b) => Math.max(a, b), range.max);
        return values;
      }
      return Float64Array.from(values, (text) => {
        const label = classLabel(text);
        const code = codes.get(label) ?? codes.size;
        if (code === mostClasses)
          throw badTable(
            path,
            `column ${name} has more than ${mostClasses} different texts: expected at most so many classes, or numbers`,
          );
        codes.set(label, code);
        return code;
      });
    },
    /** Classes are sorted; null for numbers. */
    finish() {
      if (kind === "number") return { code: (x: number) => x, classes: null, range };
      const labels = [...codes.keys()];
      const classes = labels.toSorted(byNumber);
      const code = (k: number) => classes.indexOf(labels[k]);
      return { code, classes, range: { min: 0, max: classes.length - 1 } };
    },
  };
}
