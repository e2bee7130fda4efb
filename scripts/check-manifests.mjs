// The order of imports once more, for package.json: a package names no package that it may not
// import, and exports only files that have a source.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { packageName, packages, tests } from "./packages.cjs";

const FIELDS = ["dependencies", "optionalDependencies", "peerDependencies"];

/** The package of an entry `package/entry`. */
const packageOf = (entry) => entry.split("/")[0];

/** Returns one line for each package that a manifest below `root`/packages wrongly names; [] if all is well. */
export function wrongManifests(root) {
  const folders = readdirSync(join(root, "packages")).flatMap((group) =>
    readdirSync(join(root, "packages", group)).map((name) => ({ group, name })),
  );
  return folders
    .filter(({ group, name }) => existsSync(join(root, "packages", group, name, "package.json")))
    .sort((a, b) => a.name.localeCompare(b.name))
    .flatMap(({ group, name }) => wrongManifest(root, group, name));
}

function wrongManifest(root, group, name) {
  const manifest = JSON.parse(
    readFileSync(join(root, "packages", group, name, "package.json"), "utf8"),
  );
  const expected = packages[name];
  if (!expected)
    return [
      `${name}: is not in scripts/packages.cjs; add it there with the packages that it may import`,
    ];
  const wrong = [];
  if (manifest.name !== packageName(name))
    wrong.push(`${name}: is named ${manifest.name}, expected ${packageName(name)}`);
  if (group !== expected.group)
    wrong.push(`${name}: lies in packages/${group}, expected packages/${expected.group}`);
  const check = (fields, allowed) => {
    for (const dependency of fields.flatMap((field) => Object.keys(manifest[field] ?? {}))) {
      const other = dependency === "dsbm" ? "cli" : dependency.match(/^@dsbm\/(.+)/)?.[1];
      if (other && !allowed.includes(other))
        wrong.push(
          `${name}: names ${dependency}, but may only import ${allowed.join(", ") || "no package"}`,
        );
    }
  };
  for (const file of Object.values(manifest.exports ?? {}).flatMap(Object.values)) {
    const source = file.replace(/^\.\/dist\/(.*?)(\.d\.ts|\.js)$/, "src/$1.ts");
    if (source.startsWith("src/") && !existsSync(join(root, "packages", group, name, source)))
      wrong.push(`${name}: exports ${file}, but has no ${source}`);
  }
  const allowed = [...expected.imports, ...(expected.entries ?? []).map(packageOf)];
  check(FIELDS, allowed);
  check(["devDependencies"], [...allowed, ...(tests[name] ?? [])]);
  return wrong;
}

if (process.argv[1] && resolve(process.argv[1]) === fileURLToPath(import.meta.url)) {
  const wrong = wrongManifests(resolve(fileURLToPath(import.meta.url), "../.."));
  for (const line of wrong) console.error(`packages/${line}`);
  process.exitCode = wrong.length > 0 ? 1 : 0;
}
