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
  const rows = all.flatMap((dataset, k) => rowsOf(dataset, nameOf(k, all.length)));
  if (rows.length > 0) run.saveFile("held_out.csv", formatCsv({ columns, rows }));
}

const rowsOf = ({ name, heldOut }: EndpointData, dataset: string): Row[] =>
  (heldOut ?? []).map((sample) => ({ dataset, file: name, sample }));

function nameOf(k: number, count: number): string {
  if (k === 0) return "source";
  return k === count - 1 ? "target" : `between ${k}`;
}
