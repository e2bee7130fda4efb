// Samples of the rows of a run's own tables, as `dsbm sample` writes them to a CSV file.
import { readFileSync } from "node:fs";
import { sample } from "@dsbm/config";
import { runSample } from "@dsbm/inference";
import { readDataFile } from "@dsbm/runs";
import { removePath } from "./folder.js";

const silence = { update() {}, line() {}, done() {} };
const output = "samples.csv";

/**
 * Transports the rows of the source (f) or of the target (b).
 * @throws an Error for data without a table.
 */
export async function samplesOf(run: string, direction: "f" | "b"): Promise<string> {
  const data = readDataFile(run);
  const end = direction === "f" ? data?.source : data?.target;
  if (!end) throw new Error("the samples of this run have no table to start from");
  const config = sample.schema.parse({ direction, threads: 1, overwrite: true });
  try {
    await runSample({ run, input: end.path, output, config, progress: silence });
    return readFileSync(output, "utf8");
  } finally {
    removePath(output);
  }
}
