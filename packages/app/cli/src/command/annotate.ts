import { annotate } from "@dsbm/config";
import { placedWords } from "./words.js";
import { beginWork } from "./work.js";

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
export async function annotateCommand(args: string[]): Promise<number> {
  const request = placedWords(annotate, args, { expected: "RUN NEW OUT", notes });
  if (!request) return 0;
  const [run, input, output] = request.places as [string, string, string];
  using work = await beginWork(`stopped within a step; nothing was written to ${output}`);
  const { progress, signal } = work;
  const { runAnnotate } = await import("@dsbm/inference");
  const { aloneOnly } = await import("@dsbm/experiment");
  aloneOnly("annotate");
  const job = { run, input, output, config: request.config, progress, signal };
  const result = await runAnnotate(job);
  progress.done();
  if (result === null) {
    progress.line(`stopped; nothing was written to ${output}`);
    return 130;
  }
  const { rows, without, added } = result;
  const gaps = without > 0 ? `, NaN in ${without} rows without a time` : "";
  console.log(
    [
      `rows:    ${rows}${gaps}`,
      ...added.map((one) => `added:   ${one}`),
      `output:  ${output}`,
    ].join("\n"),
  );
  return 0;
}
