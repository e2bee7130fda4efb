import { annotate, sample } from "@dsbm/config";
import type { SampleResult } from "@dsbm/inference";
import { duration } from "@dsbm/runs";
import { runPlaced } from "../terminal/work.js";

const notes = [
  "RUN  the folder of a run, finished or not, a folder above a single run, or latest",
  "NEW  a table (.csv, .tsv, also .gz, .parquet, .npy, .npz, .h5ad) with the columns of the run,",
  "     a folder of images, one image, an array of images (.npy),",
  "     a NetCDF file (.nc) or a Zarr folder (.zarr), gaussian:N, or a dataset such as mnist_2 (its test split)",
  "OUT  vectors: a table (.csv, .tsv, .parquet, .npy; .h5ad as NEW), in the units of the data",
  "     images: a folder (PNG), .png for one image, or an array (.npy); fields: .nc, or an array in units of the data",
  "",
  "examples",
  "  dsbm sample RUN new.csv out.parquet keep=id            rows of a table, with their ids",
  "  dsbm sample RUN new.csv back.csv direction=b           from the target to the source",
  "  dsbm sample RUN cells.h5ad out.h5ad from=2 to=7        a copy of the file, the cells of day 2 on day 7",
  "  dsbm sample RUN new.csv paths.csv path=true            all times: a long table with a column t",
  "  dsbm sample RUN photos out resize=true                 images of any size",
];

/**
 * Returns the exit code.
 * @throws {ConfigError}
 */
export const sampleCommand = (args: string[]): Promise<number> =>
  runPlaced(sample, args, { expected: "RUN NEW OUT", notes }, async (request, work) => {
    const [run, input, output] = request.places as [string, string, string];
    const { runSample } = await import("@dsbm/inference");
    const { progress, signal } = work;
    const { config } = request;
    const result = await runSample({ run, input, output, config, progress, signal });
    return result && summary(result, config);
  });

function summary(
  { direction, n, weights, nfe, seconds, about }: SampleResult,
  { seed, solver }: { seed: number; solver: string },
): string {
  return [
    `samples: ${n}, direction ${direction}, seed ${seed}`,
    `weights: ${weights.join(", ")}`,
    `sampler: ${solver}, NFE ${Number.isInteger(nfe) ? nfe : nfe.toFixed(1)}`,
    `time:    ${seconds < 60 ? `${seconds.toFixed(1)} s` : duration(seconds)}`,
    `output:  ${about}`,
  ].join("\n");
}

const annotateNotes = [
  "RUN  the folder of a run of tables, or latest",
  "NEW  a table with the columns of the run, and its column of times (time=COLUMN)",
  "OUT  a copy of a .h5ad file with more in obs, obsm and uns, or a table (.csv, .tsv, .parquet) of all columns",
  "",
  "examples",
  "  dsbm annotate RUN cells.h5ad out.h5ad                  velocities, and each cell on the last day",
  "  dsbm annotate RUN cells.h5ad out.h5ad fate=celltype    also the probability of each class on the last day",
];

/**
 * Returns the exit code.
 * @throws {ConfigError}
 */
export const annotateCommand = (args: string[]): Promise<number> =>
  runPlaced(
    annotate,
    args,
    { expected: "RUN NEW OUT", notes: annotateNotes },
    async (request, work) => {
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
    },
  );
