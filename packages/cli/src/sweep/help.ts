// The part of --help that is the same for every experiment: how a sweep is started.
import { groupTable, helpTable, launcherSchema, presetGroup } from "@dsbm/config";

/** Launchers with their keys. */
export function launcherHelp(presets: string, width: number): string {
  return [
    "Sweeps (-m) are started by a launcher; docs/sweeps.md says how, dsbm sweep status DIR shows them.",
    "",
    groupTable([presetGroup([presets], "launcher", "local")], width),
    "",
    helpTable(launcherSchema, { width }),
  ].join("\n");
}
