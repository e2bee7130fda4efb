// The studio's own settings: apart from exports, the only file that it writes.
import { existsSync, mkdirSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { writeFileAtomic } from "@dsbm/files";
import { readJson } from "@dsbm/runs";
import { z } from "zod";
import type { Settings } from "./shared/api.js";

export const defaultSettingsFolder = (): string =>
  join(process.env.XDG_CONFIG_HOME || join(homedir(), ".config"), "dsbm", "studio");

const settingsFile = z
  .object({
    theme: z.enum(["system", "light", "dark"]).catch("system"),
    columns: z
      .array(z.unknown())
      .catch([])
      .transform((all) => all.filter((name) => typeof name === "string").slice(0, 20)),
  })
  .catch({ theme: "system", columns: [] });

/** Settings of any origin as settings: wrong values become defaults. */
export const settingsOf = (value: unknown): Settings => settingsFile.parse(value);

export function readSettings(folder: string): Settings {
  const path = join(folder, "settings.json");
  try {
    return settingsOf(existsSync(path) ? readJson(path) : {});
  } catch {
    // Damaged settings are no reason to show nothing.
    return settingsOf({});
  }
}

export function writeSettings(folder: string, settings: Settings): void {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  writeFileAtomic(join(folder, "settings.json"), `${JSON.stringify(settings, null, 2)}\n`);
}
