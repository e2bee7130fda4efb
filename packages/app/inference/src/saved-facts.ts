// Files of a run without which its units are unknown.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { ConfigError } from "@dsbm/config";
import { checkFiles } from "@dsbm/runs";

/**
 * What a file of a run says of its `parts` ("columns").
 * @throws {ConfigError} if the file is missing, changed or damaged.
 */
export function savedFacts<T>(
  folder: string,
  { name, parts, read }: { name: string; parts: string; read: (folder: string) => T | null },
): T {
  const path = join(folder, name);
  if (existsSync(path)) checkFiles(folder, [name]);
  const saved = read(folder);
  if (saved) return saved;
  throw new ConfigError(
    `${path} is missing or damaged, which says how its ${parts} were standardised: copy it with the run, or train it again`,
  );
}
