// The reading of a table into files; a later process resumes it.
import { existsSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { writeFileAtomic } from "@dsbm/files";
import { io } from "@dsbm/torch";
import { type CleanBatch, type CleanCounts, cleanRows } from "../clean.js";
import { toRows } from "../number-rows.js";
import type { RowSource, RowStart, TableColumn } from "../row-source.js";
import { type CodesState, conditionCodes } from "./codes.js";
import { columnRecord, type RecordState } from "./column-record.js";
import { checkDiskSpace } from "./disk-space.js";
import { MassSums } from "./masses.js";
import type { PrepareOptions } from "./prepare.js";

/** What reading.json has: the rows so far and their facts. */
interface ReadingState {
  from: RowStart;
  counts: Omit<CleanCounts, "groups"> & { groups: string[] };
  record: RecordState;
  codes: CodesState | null;
  masses: Record<string, number>;
}

/** Milliseconds between two states on the disk. */
const stateInterval = 5000;

const fileNames = { state: "reading.json", rows: "rows.npy", beside: "beside.npy" } as const;

/** Reads usable rows into rows.npy, and the numbers of rows, conditions and masses into beside.npy. */
export class TableReading {
  /** Facts of the columns. */
  readonly record: ReturnType<typeof columnRecord>;
  /** The codes of conditions. */
  readonly codes: ReturnType<typeof conditionCodes> | null;
  /** Sums of the columns for masses. */
  readonly masses: MassSums;
  readonly #resume: CleanBatch["next"] | undefined;
  readonly #rowsSoFar: number;

  /**
   * Resumes the state of the folder.
   * @throws {SyntaxError} for a damaged state.
   */
  constructor(
    private readonly source: RowSource,
    private readonly folder: string,
    private readonly chosen: { columns: readonly string[]; condition: TableColumn | null },
    private readonly options: PrepareOptions,
  ) {
    const { columns, condition } = chosen;
    const path = this.#file("state");
    const saved = existsSync(path)
      ? (JSON.parse(readFileSync(path, "utf8")) as ReadingState)
      : undefined;
    this.record = columnRecord(columns.length, options.log1p === true, saved?.record);
    this.codes = condition && conditionCodes(source.path, condition, saved?.codes ?? undefined);
    this.masses = new MassSums(source.path, options.masses ?? {}, saved?.masses);
    this.#rowsSoFar = saved?.record.n ?? 0;
    if (saved)
      this.#resume = {
        from: saved.from,
        counts: { ...saved.counts, groups: new Set(saved.counts.groups) },
      };
  }

  #file(name: keyof typeof fileNames): string {
    return join(this.folder, fileNames[name]);
  }

  /** Removes what only the reading needs. */
  removeFiles(): void {
    for (const name of ["state", "rows", "beside"] as const) rmSync(this.#file(name));
  }

  /**
   * Reads all remaining rows.
   * @throws as `cleanRows`, and a DatasetError for a table that does not fit on the disk.
   */
  async copyRows(): Promise<CleanCounts> {
    const { source, folder, options, masses, record, codes } = this;
    const { columns, condition } = this.chosen;
    const { missing, log1p, where, signal, split_by, group, progress } = options;
    const massColumns = Object.values(options.masses ?? {});
    const width = 1 + (codes ? 1 : 0) + massColumns.length;
    const total = source.rows ?? source.estimatedRows ?? null;
    if (total !== null && !this.#resume)
      checkDiskSpace(source.path, folder, { rows: total, columns: columns.length, beside: width });
    const keep = this.#rowsSoFar;
    using rows = new io.npy.NpyWriter(this.#file("rows"), "float32", [columns.length], { keep });
    using beside = new io.npy.NpyWriter(this.#file("beside"), "float64", [width], { keep });
    const reading = cleanRows(source, {
      numbers: columns,
      masses: massColumns,
      condition,
      missing,
      log1p,
      where,
      signal,
      group: split_by && group !== undefined ? { column: split_by, value: group } : null,
      resume: this.#resume,
    });
    let savedAt = performance.now();
    let last: CleanBatch["next"] | null = null;
    const save = () => {
      if (!last) return;
      for (const file of [rows, beside]) file.flush({ sync: true });
      this.#save(last);
      options.refresh();
      savedAt = performance.now();
    };
    try {
      for (;;) {
        const next = await reading.next();
        if (next.done) {
          save();
          return next.value;
        }
        const batch = next.value;
        const { count } = batch;
        masses.add(batch);
        rows.append(io.fromTyped(record.add(batch), [count, columns.length]));
        const others = [
          Float64Array.from(batch.rows),
          ...(codes ? [codes.add(batch.condition!)] : []),
          ...batch.masses,
        ];
        beside.append(io.fromTyped(toRows(others, "float64"), [count, width]));
        last = batch.next;
        if (performance.now() - savedAt > stateInterval) save();
        const done = batch.rows.at(-1)! + 1;
        progress({ done, total: total && Math.max(total, done) });
        signal?.throwIfAborted();
      }
    } catch (error) {
      if (signal?.aborted) save();
      throw error;
    }
  }

  #save({ from, counts }: CleanBatch["next"]): void {
    const state: ReadingState = {
      from,
      counts: { ...counts, groups: [...counts.groups] },
      record: this.record.state(),
      codes: this.codes?.state() ?? null,
      masses: this.masses.sums,
    };
    writeFileAtomic(this.#file("state"), JSON.stringify(state));
  }
}
