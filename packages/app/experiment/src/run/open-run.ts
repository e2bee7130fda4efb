import { type Tree, writeYaml } from "@dsbm/config";
import {
  columnsFile,
  type LoggedMetric,
  openRun,
  type RunWriter,
  toJson,
  version,
} from "@dsbm/runs";
import { environment } from "./environment.js";

/** Throws the errors of `openRun`. */
export function openRunOf(
  config: object,
  {
    logged,
    ...options
  }: Pick<Parameters<typeof openRun>[0], "folder" | "columns" | "command" | "mode"> & {
    /** The metrics of results.csv (default: none). */
    logged?: readonly LoggedMetric[];
  },
): RunWriter {
  const run = openRun({
    ...options,
    dsbm: version,
    config,
    config_yaml: writeYaml(config as unknown as Tree),
    environment: environment(),
  });
  if (logged) run.saveFile(columnsFile, `${toJson(logged, { indent: 2 })}\n`);
  return run;
}
