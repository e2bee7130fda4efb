// `npm run licences`: the packages that users install with this workspace's packages, with their
// licences, from the lock file. Fails for a package without a licence.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { repo } from "./setup/stamp.mjs";

/** The run-time packages, sorted by name, once for each version. */
export function licences() {
  const { packages } = JSON.parse(readFileSync(join(repo, "package-lock.json"), "utf8"));
  const found = new Map();
  for (const [path, { dev, devOptional, link, version, license }] of Object.entries(packages)) {
    const at = path.lastIndexOf("node_modules/");
    if (at < 0 || dev || devOptional || link) continue;
    const name = path.slice(at + "node_modules/".length);
    found.set(`${name}@${version}`, { name, version, licence: license ?? null });
  }
  return [...found.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
}

if (import.meta.url === `file://${process.argv[1]}`) {
  const all = licences();
  const width = Math.max(...all.map(({ name, version }) => name.length + version.length + 1));
  for (const { name, version, licence } of all)
    console.log(`${`${name} ${version}`.padEnd(width)}  ${licence ?? "none is given"}`);
  const kinds = [...new Set(all.map(({ licence }) => licence))].sort().join(", ");
  console.log(`${all.length} packages: ${kinds}`);
  if (all.some(({ licence }) => licence === null)) process.exitCode = 1;
}
