// Notes on runs, and their deletion.
import { rmdirSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { removeFolder, writeFileAtomic } from "@dsbm/files";
import { RunError } from "@dsbm/runs";
import { noteFile } from "../runs/files.js";
import type { Desk } from "./desk.js";

/**
 * Writes the note of a run; an empty one is removed.
 * @throws {RunError}
 */
export function writeNote(desk: Desk, run: string, note: string): void {
  const place = join(desk.runPlace(run), noteFile);
  if (note.trim() === "") rmSync(place, { force: true });
  else writeFileAtomic(place, note);
}

/**
 * Deletes a run, and the empty folders above it.
 * @throws {RunError} for a run at work.
 */
export function deleteRun({ folder, table, jobs }: Desk, run: string): void {
  const state = table.row(run)?.state;
  if (state === undefined) throw new RunError("not_found", `there is no run ${run}`);
  if (run === "") throw new RunError("bad_argument", "this run is the folder of the studio");
  if (state === "running" || jobs.worksOn(run))
    throw new RunError("bad_argument", "this run is at work: stop it first");
  const place = folder.resolve(run);
  removeFolder(place);
  try {
    for (let above = dirname(place); above !== folder.root; above = dirname(above))
      rmdirSync(above);
  } catch {
    // It holds other runs.
  }
}
