// Coordinates that a model gave each cell, such as principal components: two files need the coordinates of one model.
import { badTable } from "../errors.js";
import type { TableFacts } from "./facts.js";
import type { Opened } from "./row-source.js";

/** What a .h5ad file says of the model that made an entry of obsm. */
export interface EmbeddingModel {
  /** The entry of obsm. */
  name: string;
  /** Loadings of some columns by name, from varm; null: the file has none. */
  loadings: Record<string, number[]> | null;
  /** Variances of the components, from uns; null: the file has none. */
  variances: number[] | null;
}

/** Facts of coordinates, and of the model that made them. */
export interface EmbeddingFacts extends EmbeddingModel {
  /** Whether every coordinate has mean 0 over all cells, as after a PCA of this file alone. */
  isCentred: boolean;
}

const leastCoordinates = 4;
const mostNumbers = 2 ** 26;

/** Reads all rows of coordinates: whether the means of all columns are much closer to 0 than means of random rows. */
export async function areCentred({ columns, rows, batches }: Opened): Promise<boolean> {
  const numbers = columns.filter(({ beside }) => !beside).map(({ name }) => name);
  const d = numbers.length;
  if (d < leastCoordinates || (rows ?? 0) * d > mostNumbers) return false;
  const sums = new Float64Array(d);
  const squares = new Float64Array(d);
  for await (const batch of batches({ numbers }))
    for (const [k, column] of batch.numbers.entries())
      for (const x of column) {
        sums[k] += x;
        squares[k] += x * x;
      }
  // Random rows have a mean within a tenth of its standard error with probability .08.
  return sums.every((sum, k) => sum * sum <= 0.01 * squares[k]);
}

/** Relative to the largest number: files hold float32. */
const tolerance = 1e-3;
const leastShared = 3;

function areAlike(a: readonly number[], b: readonly number[]): boolean {
  const size = Math.max(...[...a, ...b].map(Math.abs));
  return a.every((x, k) => k >= b.length || Math.abs(x - b[k]) <= tolerance * size);
}

/** Whether one model made the coordinates of two files; null: the files do not say. */
function isOneModel(a: EmbeddingModel, b: EmbeddingModel): boolean | null {
  const shared = Object.keys(a.loadings ?? {}).filter((name) => b.loadings?.[name]);
  const both = ({ loadings }: EmbeddingModel) => shared.flatMap((name) => loadings?.[name] ?? []);
  if (shared.length >= leastShared) return areAlike(both(a), both(b));
  return a.variances && b.variances ? areAlike(a.variances, b.variances) : null;
}

/** A file with coordinates of a model. */
export interface EmbeddingPlace {
  /** Where the file lies. */
  path: string;
  /** What it says of the model; undefined: it is no entry of obsm. */
  embedding?: EmbeddingModel | undefined;
}

const cure =
  "train on X, of which one PCA is made (data.layer=X data.components=50), or compute the coordinates once on all cells";

/**
 * Refuses coordinates of two models.
 * @throws {DatasetError} `BadTable` if varm or uns of two files differ.
 */
export function checkOneModel(a: EmbeddingPlace, b: EmbeddingPlace): void {
  if (!a.embedding || !b.embedding || isOneModel(a.embedding, b.embedding) !== false) return;
  throw badTable(
    `${a.path} and ${b.path}`,
    `their ${a.embedding.name} come from two PCAs (varm or uns differ), so a coordinate means another thing in each`,
    [cure],
  );
}

/** Warnings about two files whose coordinates may be of two models. */
export function embeddingNotes(
  a: Pick<TableFacts, "path" | "digest" | "embedding">,
  b: Pick<TableFacts, "path" | "digest" | "embedding">,
): string[] {
  if (a.digest === b.digest || !a.embedding || !b.embedding) return [];
  if (isOneModel(a.embedding, b.embedding) !== null) return [];
  const { name } = a.embedding;
  const files = `${a.path} and ${b.path}`;
  return [
    a.embedding.isCentred && b.embedding.isCentred
      ? `${files}: each coordinate of ${name} has mean 0 in each file, as after a PCA of each file alone, and the bridge is then meaningless: ${cure}`
      : `${files} do not say whether one model made ${name} of both (varm and uns have nothing to compare); if not, the bridge is meaningless: ${cure}`,
  ];
}
