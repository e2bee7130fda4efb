// The arrow once more, for package.json: a room may name no other room that it may not import.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join, resolve } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";

const { rooms: allowed, tests } = createRequire(import.meta.url)("./rooms.cjs");
const FIELDS = ["dependencies", "optionalDependencies", "peerDependencies"];

/** Returns one line for each room that a manifest below `root`/packages wrongly names; [] if all is well. */
export function wrongManifests(root) {
  const wrong = [];
  for (const room of readdirSync(join(root, "packages")).sort()) {
    const file = join(root, "packages", room, "package.json");
    if (!existsSync(file)) continue;
    const manifest = JSON.parse(readFileSync(file, "utf8"));
    const expected = room === "cli" ? "dsbm" : `@dsbm/${room}`;
    if (manifest.name !== expected)
      wrong.push(`${room}: is named ${manifest.name}, expected ${expected}`);
    if (!allowed[room]) {
      wrong.push(
        `${room}: is not in scripts/rooms.cjs; add it there with the rooms that it may import`,
      );
      continue;
    }
    const check = (fields, rooms) => {
      for (const name of fields.flatMap((field) => Object.keys(manifest[field] ?? {}))) {
        const other = name === "dsbm" ? "cli" : name.match(/^@dsbm\/(.+)/)?.[1];
        if (other && !rooms.includes(other))
          wrong.push(
            `${room}: names ${name}, but may only import ${rooms.join(", ") || "no room"}`,
          );
      }
    };
    check(FIELDS, allowed[room]);
    check(["devDependencies"], [...allowed[room], ...(tests[room] ?? [])]);
  }
  return wrong;
}

if (process.argv[1] && resolve(process.argv[1]) === fileURLToPath(import.meta.url)) {
  const wrong = wrongManifests(resolve(fileURLToPath(import.meta.url), "../.."));
  for (const line of wrong) console.error(`packages/${line}`);
  process.exitCode = wrong.length > 0 ? 1 : 0;
}
