import { exportNetworks } from "@dsbm/config";
import { alignColumns } from "@dsbm/files";
import { runPlaced } from "../terminal/work.js";

const notes = [
  "RUN  the folder of a run, finished or not, a folder above a single run, or latest",
  "OUT  a folder: the models, bridge.json, README.md (a model card), sample.py (with onnxruntime and numpy)",
  "     NAME.html: a page that plays the bridge offline, with models and some held-out samples inside",
  "",
  "examples",
  "  dsbm export RUN bridge/                      everything that sampling needs",
  "  dsbm export RUN bridge/ direction=f          only the drift from source to target",
  "  dsbm export RUN page.html                    one file to send to a colleague",
  "",
  "docs/export.md describes the formats.",
];

/**
 * Returns the exit code.
 * @throws {ConfigError}
 */
export const exportCommand = (args: string[]): Promise<number> =>
  runPlaced(exportNetworks, args, { expected: "RUN OUT", notes }, async (request, work) => {
    const [run, out] = request.places as [string, string];
    const { exportRun, bytesText } = await import("@dsbm/export");
    const { progress, signal } = work;
    const files = await exportRun(run, out, { ...request.config, progress, signal });
    return alignColumns(files.map(({ path, bytes }) => [path, bytesText(bytes)])).join("\n");
  });
