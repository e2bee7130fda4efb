// What becomes of files of a run that are not as they were written: what follows from the rest is made again, and nothing
// goes on from what cannot be.
import { join } from "node:path";
import { type DamagedFile, damagedFiles, damageError } from "@dsbm/runs";

/** Made from weights, data and rows by the end of every run. */
const derived = /^(figures\/.*|report\.html|traj(_\d+)?\.npy|x[01]_test\.npy)$/;
/** Nothing is computed from them, and the weights that made them may be gone. */
const pictures = /^samples\/|^quality\.json$/;
/** Nothing is computed from them, and they grow. */
const logs = /^(metrics\.csv|log\.(jsonl|txt)|tensorboard\/.*)$/;

/** The damaged files of a run, each read once: those that are to be made again, and logs. Throws as `remakeable`. */
function assess(folder: string): Record<"remade" | "logs", DamagedFile[]> {
  const damaged = damagedFiles(folder);
  const known = [derived, pictures, logs];
  const lost = damaged.find(({ file }) => !known.some((names) => names.test(file)));
  const those = (names: RegExp) => damaged.filter(({ file }) => names.test(file));
  if (!lost) return { remade: those(derived), logs: those(logs) };
  const isModel = lost.file.startsWith("models/");
  const cure = isModel
    ? "restore it from a copy, or delete it to go on without these weights"
    : "restore it from a copy, or add --again to start over";
  throw damageError(folder, lost, cure);
}

/**
 * The damaged files of a run that are to be made again. Throws a RunError for one that cannot be; pictures of earlier
 * evaluations and logs are neither.
 */
export const remakeable = (folder: string): DamagedFile[] => assess(folder).remade;

/** Says what is made again, and which logs are damaged and stay as they are. Throws as `remakeable`. */
export function sayRemade(folder: string, say: (line: string) => void): void {
  const line = ({ file, reason }: DamagedFile) => `${join(folder, file)} is damaged (${reason})`;
  const { remade, logs } = assess(folder);
  for (const damaged of remade) say(`${line(damaged)}: it is made again`);
  for (const damaged of logs) say(`${line(damaged)}: it is a log, and goes on as it is`);
}
