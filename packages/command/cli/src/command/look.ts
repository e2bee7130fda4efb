import { look, tableReading } from "@dsbm/config";
import { formatTable } from "@dsbm/runs";
import { runPlaced } from "../terminal/work.js";

const notes = [
  "FILE    a table (.csv, .tsv, also .gz, .parquet, .npy, .npz, .h5ad)",
  "--json  as json=true, with histograms",
];

/**
 * Returns the exit code.
 * @throws {ConfigError | DatasetError}
 */
export const lookCommand = (args: string[]): Promise<number> =>
  runPlaced(
    look,
    args,
    { expected: "FILE", notes, options: { "--json": "json=true" } },
    async ({ places: [path = ""], config }, { signal }) => {
      const { lookAtTable } = await import("@dsbm/data");
      const table = await lookAtTable(path, { ...tableReading(config.data), signal });
      if (config.json) return JSON.stringify(table);
      const columns = table.columns.map(({ name, kind, missing, histogram, examples }) => ({
        column: name,
        type: kind,
        missing,
        mean: histogram?.mean ?? null,
        deviation: histogram?.deviation ?? null,
        min: histogram?.low ?? null,
        max: histogram?.high ?? null,
        texts: examples.join(", "),
      }));
      const head = `${path}: ${table.rows} rows of ${table.columnCount} columns`;
      return [head, ...table.notes, formatTable(columns)].join("\n");
    },
  );
