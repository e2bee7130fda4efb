import { existsSync } from "node:fs";
import { join } from "node:path";
import { checkFiles, readChoiceList, type Choice as SavedChoice } from "@dsbm/runs";

export interface Choice extends SavedChoice {
  value: string | number | boolean | null;
}

/** Returns null if the run has no choices. Throws a RunError for a damaged file. */
export function readChoices(folder: string): Choice[] | null {
  if (!existsSync(join(folder, "choices.json"))) return null;
  checkFiles(folder, ["choices.json"]);
  return readChoiceList(folder) as Choice[];
}
