// Fates against a column of known lineages: rows of earlier times should end in their own class.
import { percent } from "@dsbm/files";

interface LineageSums {
  /** Rows with a known class. */
  rows: number;
  /** Mean probability to end in the own class. */
  own: number;
  /** Rows of each class, and sums of the probabilities of each class. */
  classes: number[];
  fates: number[];
}

/** Compares the fates of rows with their own classes, by time. Training and fates never see these classes. */
export class LineageCheck {
  readonly #classes: readonly string[];
  readonly #times = new Map<string, LineageSums>();

  constructor(classes: readonly string[]) {
    this.#classes = classes;
  }

  /** Adds rows: their times and classes (null: unknown), and by class their probabilities to end there. */
  add(
    times: readonly (string | null)[],
    labels: readonly (string | null)[],
    fates: readonly ArrayLike<number>[],
  ): void {
    for (const [i, time] of times.entries()) {
      const place = this.#classes.indexOf(labels[i]?.trim() ?? "");
      if (time === null || place < 0) continue;
      const sums = this.#sumsOf(time);
      sums.rows += 1;
      sums.own += fates[place][i];
      sums.classes[place] += 1;
      for (const [c, shares] of fates.entries()) sums.fates[c] += shares[i];
    }
  }

  /** A line for each time before `last`. */
  lines(column: string, last: string): string[] {
    const times = [...this.#times].filter(([time]) => time !== last);
    return times.map(([time, { rows, own, classes, fates }]) => {
      const chance = classes.reduce((sum, n, c) => sum + n * fates[c], 0) / rows ** 2;
      return `fates of ${rows} rows of ${time}: ${percent(own / rows)} end in their own class of ${column} (${percent(chance)} by chance)`;
    });
  }

  #sumsOf(time: string): LineageSums {
    const zeros = () => this.#classes.map(() => 0);
    const sums = this.#times.get(time) ?? { rows: 0, own: 0, classes: zeros(), fates: zeros() };
    this.#times.set(time, sums);
    return sums;
  }
}
