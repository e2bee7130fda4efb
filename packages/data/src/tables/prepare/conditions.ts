// The condition of each row as a number: of a class its place among all classes.
import { DatasetError } from "../../errors.js";
import type { TableColumn } from "../rows.js";

/** Each class is an input of the networks. */
const mostClasses = 100;

export class ConditionCodes {
  readonly #column: Pick<TableColumn, "name" | "kind">;
  readonly #path: string;
  /** By their first rows. */
  readonly #classes = new Map<string, number>();

  constructor(path: string, column: Pick<TableColumn, "name" | "kind">) {
    this.#path = path;
    this.#column = column;
  }

  /** The conditions of rows as they are stored meanwhile. */
  add(values: Float64Array | string[]): Float64Array {
    if (values instanceof Float64Array) return values;
    return Float64Array.from(values, (text) => {
      const name = text.trim();
      const known = this.#classes.get(name);
      if (known !== undefined) return known;
      if (this.#classes.size === mostClasses)
        throw new DatasetError(
          "BadTable",
          `${this.#path}: column ${this.#column.name} has more than ${mostClasses} different texts: expected classes for data.condition, or numbers`,
        );
      this.#classes.set(name, this.#classes.size);
      return this.#classes.size - 1;
    });
  }

  /** What stored conditions become, classes places in their order; and the classes, null for numbers. */
  finish(): { code: (stored: number) => number; classes: string[] | null } {
    if (this.#column.kind === "number") return { code: (x) => x, classes: null };
    const classes = [...this.#classes.keys()].sort();
    const places = [...this.#classes.keys()].map((text) => classes.indexOf(text));
    return { code: (k) => places[k] as number, classes };
  }
}
