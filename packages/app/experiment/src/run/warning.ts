import type { Progress, RunWriter } from "@dsbm/runs";

/** The places of a warning: the terminal and the run. */
export interface WarningPlaces {
  progress: Progress;
  run: Pick<RunWriter, "addWarning">;
}

/**
 * Prints a warning, and keeps it for the report.
 * @throws the errors of `addWarning`.
 */
export function warn(text: string, { run, progress }: WarningPlaces): void {
  progress.line(`warning: ${text}`);
  run.addWarning(text);
}
