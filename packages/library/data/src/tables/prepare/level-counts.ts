// The different texts of columns, counted in one reading.
import { cleanRows } from "../clean.js";
import type { RowSource } from "../row-source.js";
import type { ColumnOptions } from "../select.js";
import { byNumber, classLabel } from "./codes.js";

/** Further different texts are not counted. */
const mostCounted = 20_000;
/** Columns of fewer rows for each text name the rows. */
const leastRowsOfLevel = 2;

/** The different texts of a column, up to some number. */
export class LevelCounts {
  readonly #texts = new Set<string>();
  readonly #known = new Set<string>();
  /** Rows with a text, until the texts were too many. */
  rows = 0;

  /** The number of different texts. */
  get size(): number {
    return this.#texts.size;
  }

  /** The different texts of several tables together, sorted. */
  static levelsOf(counts: readonly LevelCounts[]): string[] {
    return [...new Set(counts.flatMap((count) => [...count.#texts]))].toSorted(byNumber);
  }

  /** Adds cells, except missing ones. */
  add(cells: readonly string[], isMissing: (text: string) => boolean): void {
    for (const cell of cells) {
      if (this.#texts.size >= mostCounted) return;
      if (!this.#known.has(cell)) {
        if (isMissing(cell)) continue;
        this.#known.add(cell);
        this.#texts.add(classLabel(cell));
      }
      this.rows += 1;
    }
  }

  /** Whether most rows have a text of their own. */
  areNames(): boolean {
    return this.#texts.size > 1 && this.rows < leastRowsOfLevel * this.#texts.size;
  }
}

/** The rows to count. */
export interface LevelRequest extends Pick<ColumnOptions, "split_by" | "where"> {
  /** The value of the group column. */
  group?: string | undefined;
  /** Stops reading. */
  signal?: AbortSignal | undefined;
}

/**
 * The texts of columns of a table in the rows of its group; a column that it lacks has none.
 * @throws errors of reading.
 */
export async function countLevels(
  source: RowSource,
  names: readonly string[],
  { split_by, group, where, signal }: LevelRequest,
): Promise<Map<string, LevelCounts>> {
  const texts = names.filter((name) => source.columns.some((column) => column.name === name));
  const counts = new Map(names.map((name) => [name, new LevelCounts()]));
  const rows = cleanRows(source, {
    numbers: [],
    texts,
    where,
    signal,
    group:
      split_by !== undefined && group !== undefined ? { column: split_by, value: group } : null,
  });
  for await (const batch of rows)
    for (const [k, name] of texts.entries())
      (counts.get(name) as LevelCounts).add(batch.texts[k], source.isMissing);
  return counts;
}
