// npm's part: `npm ci`, and only when what is installed is not what the lock file asks for.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { runOrThrow } from "./command.mjs";
import { repo } from "./stamp.mjs";

/**
 * True if npm's own record of node_modules agrees with package-lock.json (optional packages may be
 * missing).
 */
export function isInstalled() {
  const record = join(repo, "node_modules/.package-lock.json");
  if (!existsSync(record)) return false;
  const wanted = JSON.parse(readFileSync(join(repo, "package-lock.json"), "utf8")).packages;
  const found = JSON.parse(readFileSync(record, "utf8")).packages;
  return Object.entries(wanted).every(([path, entry]) => {
    if (!path.startsWith("node_modules/") && !path.includes("/node_modules/")) return true;
    const there = found[path];
    if (!there) return Boolean(entry.optional || entry.devOptional);
    return there.version === entry.version && there.integrity === entry.integrity;
  });
}

/**
 * Installs exactly what the lock file says.
 * @throws {SetupError} with npm's output.
 */
export async function installPackages() {
  // `npm test --silent` would hush the reason of a failure. Further steps compile what npm's script would.
  const args = ["ci", "--ignore-scripts", "--loglevel=error"];
  const npm = process.env.npm_execpath;
  if (npm?.endsWith(".js")) await runOrThrow(process.execPath, [npm, ...args]);
  else await runOrThrow("npm", args);
}
