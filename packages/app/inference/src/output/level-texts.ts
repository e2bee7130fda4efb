// Generated categories as texts, and how many of them are unclear.
import type { CategoryBlock, KeptColumn, NumberColumn, Units } from "@dsbm/data";
import type { Tensor } from "@dsbm/torch";

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
export class UnclearLevels {
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
