// Generated categories as texts, how many of them are unclear, and what else is odd in generated rows.
import type { CategoryBlock, KeptColumn, NumberColumn, Units } from "@dsbm/data";
import type { Tensor } from "@dsbm/torch";
import type { Bridge } from "../bridge.js";
import { strayValues } from "../ranges.js";

/** Splits the columns of generated rows into numbers and the texts of categories. */
export class LevelTexts {
  /** The columns of numbers. */
  readonly columns: NumberColumn[];
  /** The columns of texts. */
  readonly texts: KeptColumn[];
  readonly #isLevel: ReadonlySet<number>;

  /** `all` are the columns of numbers and of levels. */
  constructor(
    all: readonly NumberColumn[],
    private readonly categories: readonly CategoryBlock[],
  ) {
    this.#isLevel = new Set(
      categories.flatMap(({ first, levels }) => levels.map((_, k) => first + k)),
    );
    this.columns = all.filter((_, k) => !this.#isLevel.has(k));
    this.texts = categories.map(({ name }) => ({ name, kind: "text" }));
  }

  /** The numbers and the texts of columns in which one level of each category is 1. */
  split(columns: readonly Float64Array[]): { numbers: Float64Array[]; texts: string[][] } {
    return {
      numbers: columns.filter((_, k) => !this.#isLevel.has(k)),
      texts: this.categories.map(({ first, levels }) =>
        Array.from(
          columns[first],
          (_, i) => levels[levels.findIndex((_, k) => columns[first + k][i] === 1)],
        ),
      ),
    };
  }
}

/** Generated rows whose level of a category is unclear. */
class UnclearLevels {
  readonly #counts: number[];
  #rows = 0;

  constructor(private readonly units: Units) {
    this.#counts = units.categories.map(() => 0);
  }

  /** Adds samples [n, d]. */
  add(x: Tensor): void {
    this.#rows += x.size(0);
    for (const [k, count] of this.units.unclear(x).entries()) this.#counts[k] += count;
  }

  /** A line for each category with such rows. */
  lines(): string[] {
    return this.units.categories.flatMap(({ name }, k) => {
      const percent = ((100 * this.#counts[k]) / this.#rows).toPrecision(2);
      return this.#counts[k] > 0
        ? [
            `${name} is unclear in ${Number(percent)} % of ${this.#rows} generated rows: two levels are almost equal, and the larger one was written`,
          ]
        : [];
    });
  }
}

/** Finds out what is odd in generated rows of a process time, for warnings; null for other data than tables. */
export function rowDoubts(bridge: Bridge, time: number) {
  const { columns } = bridge.trained;
  if (!columns) return null;
  const stray = strayValues(columns, time);
  const unclear = new UnclearLevels(bridge.units);
  return {
    /** Adds samples [n, d], and their values by column. */
    add(numbers: readonly Float64Array[], x: Tensor): void {
      stray.add(numbers);
      unclear.add(x);
    },
    lines: () => [...stray.lines(), ...unclear.lines()].map((line) => `warning: ${line}`),
  };
}

/** What `rowDoubts` returns. */
export type RowDoubts = ReturnType<typeof rowDoubts>;
