import { annotate } from "@dsbm/config";
import { runPlaced } from "./work.js";

const notes = [
  "RUN  the folder of a run of tables, or latest",
  "NEW  a table with the columns of the run, and its column of times (time=COLUMN)",
  "OUT  a copy of a .h5ad file with more in obs, obsm and uns, or a table (.csv, .tsv, .parquet) of all columns",
  "",
  "examples",
  "  dsbm annotate RUN cells.h5ad out.h5ad                  velocities, and each cell on the last day",
  "  dsbm annotate RUN cells.h5ad out.h5ad fate=celltype    also the probability of each class on the last day",
];

/** Returns the exit code. Throws ConfigError. */
export const annotateCommand = (args: string[]): Promise<number> =>
  runPlaced(annotate, args, { expected: "RUN NEW OUT", notes }, async (request, work) => {
    const [run, input, output] = request.places as [string, string, string];
    const { runAnnotate } = await import("@dsbm/inference");
    const { progress, signal } = work;
    const { config } = request;
    const result = await runAnnotate({ run, input, output, config, progress, signal });
    if (result === null) return null;
    const { rows, without, added } = result;
    const gaps = without > 0 ? `, NaN in ${without} rows without a time` : "";
    return [
      `rows:    ${rows}${gaps}`,
      ...added.map((one) => `added:   ${one}`),
      `output:  ${output}`,
    ].join("\n");
  });
