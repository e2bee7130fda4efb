// Columns of numbers for masses: weights, masses, rates of birth and death.
import { badTable } from "../../errors.js";
import type { CleanBatch } from "../clean.js";

/** The options whose columns are amounts; others are rates, which may be negative. */
const amountKeys: readonly string[] = ["weights", "mass"];

/** Sums of the columns for masses of a table, by the option that names each. */
export class MassSums {
  /** The sum of each column over the rows so far. */
  readonly sums: Record<string, number>;

  constructor(
    private readonly path: string,
    private readonly columns: Readonly<Record<string, string>>,
    saved?: Readonly<Record<string, number>>,
  ) {
    this.sums = saved
      ? { ...saved }
      : Object.fromEntries(Object.keys(columns).map((key) => [key, 0]));
  }

  /**
   * Adds a batch.
   * @throws {DatasetError} `BadTable` for a negative amount.
   */
  add(batch: CleanBatch): void {
    for (const [k, [key, name]] of Object.entries(this.columns).entries()) {
      const column = batch.masses[k];
      const i = amountKeys.includes(key) ? column.findIndex((value) => value < 0) : -1;
      if (i >= 0)
        throw badTable(
          this.path,
          `${key}=${name} has ${column[i]} in row ${batch.rows[i] + 1}: expected numbers from 0 on`,
        );
      this.sums[key] = column.reduce((sum, value) => sum + value, this.sums[key]);
    }
  }

  /** @throws {DatasetError} `BadTable` if all amounts of a column are 0; `rows` names the rows for people. */
  check(rows: string): void {
    for (const [key, name] of Object.entries(this.columns))
      if (amountKeys.includes(key) && this.sums[key] === 0)
        throw badTable(
          this.path,
          `${key}=${name} is 0 in all rows${rows}: expected some numbers above 0`,
        );
  }
}
