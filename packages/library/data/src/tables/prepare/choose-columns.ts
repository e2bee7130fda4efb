// The columns of data.columns: names, or the columns of a matrix of counts that vary most.
import { badTable, byOption, invalidOption } from "../../errors.js";
import { type ColumnVariability, mostVariable, variableCount } from "../counts.js";
import type { ReadOptions, RowSource } from "../rows.js";
import type { ColumnOptions, EndColumns } from "../select.js";

/** The columns to train on, and notes on their counts for people. */
interface ColumnChoice {
  columns: readonly string[] | undefined;
  notes: readonly string[];
}

/**
 * Finds the columns that data.columns asks for. With hvg:N these are the columns of `like`, or the N
 * most variable ones among all rows of the file. Throws `InvalidOption` for a format without counts, and
 * `BadTable` for values that are no counts.
 */
export async function chooseColumns(
  source: RowSource,
  {
    columns,
    exclude = [],
    like,
    normalise,
  }: Pick<ColumnOptions, "columns" | "exclude"> &
    Pick<ReadOptions, "normalise"> & { like?: EndColumns | undefined },
): Promise<ColumnChoice> {
  const count = variableCount(columns);
  const ofLike = count === null ? columns : like?.columns;
  // Datasets of one file share its counts, which are read once.
  if ((count === null && normalise === undefined) || like?.path === source.path)
    return { columns: ofLike, notes: [] };
  if (source.variability === undefined)
    throw invalidOption(
      `data.columns=hvg:${count} chooses columns of counts of a .h5ad file, got ${source.path}: name the columns instead`,
    );
  const facts = await source.variability();
  const notes = notesOf(source.path, facts, normalise);
  if (count === null || like) return { columns: ofLike, notes };
  const left = new Set(exclude);
  const kept = facts.names.map((_, k) => k).filter((k) => !left.has(facts.names[k]));
  const chosen = mostVariable(
    {
      names: kept.map((k) => facts.names[k]),
      mean: Float64Array.from(kept, (k) => facts.mean[k]),
      variance: Float64Array.from(kept, (k) => facts.variance[k]),
    },
    count,
  );
  if (chosen.length === 0)
    throw badTable(source.path, "has the same counts in all rows: expected columns that vary");
  return {
    columns: chosen,
    notes: [
      ...notes,
      `${source.path}: ${chosen.length} of ${facts.names.length} columns vary most for their mean (data.columns=hvg:${count})`,
    ],
  };
}

/** Values of up to so much that are not whole are logarithms. */
const largestLogarithm = 25;

function notesOf(
  path: string,
  { n, emptyRows, emptyColumns, isWhole, hasOneTotal, largest }: ColumnVariability,
  normalise: number | undefined,
): string[] {
  if (normalise === undefined) return [];
  const notes: string[] = [];
  const cure = "leave data.normalise out, or choose the counts with data.layer";
  if (!isWhole && !hasOneTotal && largest < largestLogarithm)
    throw badTable(
      path,
      `has no counts but numbers up to ${Number(largest.toPrecision(3))}, which look like logarithms: expected counts for data.normalise=${normalise}`,
      [
        byOption("data.layer", ["counts"], "if that is the matrix of counts"),
        "leave data.normalise and data.log1p out",
      ],
    );
  if (hasOneTotal && !isWhole)
    notes.push(
      `${path}: all cells have one total already, so data.normalise only changes the unit`,
    );
  else if (!isWhole)
    notes.push(`${path}: its counts are not whole numbers; ${cure} if they were changed before`);
  if (emptyRows > 0)
    notes.push(
      `${path}: ${emptyRows} of ${n} cells have no counts and stay 0; leave them out with data.where or filter them before`,
    );
  if (emptyColumns > 0) notes.push(`${path}: ${emptyColumns} columns have no counts`);
  return notes;
}
