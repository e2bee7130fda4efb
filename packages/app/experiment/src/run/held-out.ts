// held_out.csv: the rows of each dataset that no training sees.
import { type Datasets, type EndpointData, marginalsOf } from "@dsbm/datasets";
import { formatCsv, type Row, type RunWriter } from "@dsbm/runs";

const columns = ["dataset", "file", "sample"];

/**
 * Writes the held-out samples of all datasets from files: rows from 1, or the paths of images. Writes nothing for
 * synthetic data.
 * @throws {FileError}
 */
export function saveHeldOut(datasets: Datasets, run: Pick<RunWriter, "saveFile">): void {
  const all = marginalsOf(datasets);
  if (all.some(({ heldOut }) => heldOut && heldOut.length > 0))
    run.saveFile("held_out.csv", formatCsv({ columns, rows: rowsOf(all) }));
}

/** The rows of the file one after the other: they may be millions. */
function* rowsOf(all: readonly EndpointData[]): Generator<Row> {
  for (const [k, { name, heldOut }] of all.entries())
    for (const sample of heldOut ?? [])
      yield { dataset: nameOf(k, all.length), file: name, sample };
}

function nameOf(k: number, count: number): string {
  if (k === 0) return "source";
  return k === count - 1 ? "target" : `between ${k}`;
}
