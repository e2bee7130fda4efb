import { sample } from "@dsbm/config";
import type { SampleResult } from "@dsbm/inference";
import { duration } from "@dsbm/runs";
import { placedWords } from "./words.js";
import { beginWork } from "./work.js";

const notes = [
  "RUN  the folder of a run, finished or not, a folder above a single run, or latest",
  "NEW  a table (.csv, .tsv, also .gz, .parquet, .npy, .npz, .h5ad) with the columns of the run,",
  "     a folder of images, one image, an array of images (.npy),",
  "     gaussian:N, or a dataset such as mnist_2 (its test split)",
  "OUT  vectors: a table (.csv, .tsv, .parquet, .npy; .h5ad as NEW), in the data's own units",
  "     images: a folder (PNG), .png for one image, or an array (.npy)",
  "",
  "examples",
  "  dsbm sample RUN new.csv out.parquet keep=id            rows of a table, with their ids",
  "  dsbm sample RUN new.csv back.csv direction=b           from the target to the source",
  "  dsbm sample RUN cells.h5ad out.h5ad from=2 to=7        a copy of the file, the cells of day 2 on day 7",
  "  dsbm sample RUN new.csv paths.csv path=true            all times: a long table with a column t",
  "  dsbm sample RUN photos out resize=true                 images of any size",
];

/** Returns the exit code. Throws ConfigError. */
export async function sampleCommand(args: string[]): Promise<number> {
  const request = placedWords(sample, args, { expected: "RUN NEW OUT", notes });
  if (!request) return 0;
  const [run, input, output] = request.places as [string, string, string];
  using work = await beginWork(`stopped within a step; nothing was written to ${output}`);
  const { progress, signal } = work;
  const { runSample } = await import("@dsbm/inference");
  const { aloneOnly } = await import("@dsbm/experiment");
  aloneOnly("sample");
  const { config } = request;
  const result = await runSample({ run, input, output, config, progress, signal });
  progress.done();
  if (result === null) {
    progress.line(`stopped; nothing was written to ${output}`);
    return 130;
  }
  console.log(summary(result, config));
  return 0;
}

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
