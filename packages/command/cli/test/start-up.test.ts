// What the program loads before it knows the command: a few files, and no whole package.
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect, it } from "vitest";
import { here } from "../../../../test/support/problem.js";

/** The modules that a file imports when it is loaded. */
function imported(path: string, seen = new Set<string>()) {
  if (seen.has(path)) return seen;
  seen.add(path);
  const text = readFileSync(path, "utf8");
  for (const [, name = ""] of text.matchAll(
    /^(?:import|export) (?!type )[^;]*?from "([^"]+)";/gms,
  )) {
    if (name.startsWith(".")) imported(join(dirname(path), name.replace(/\.js$/, ".ts")), seen);
    else seen.add(name);
  }
  return seen;
}

it("help and versions load three small packages alone", () => {
  const loaded = [...imported(here("packages/command/cli/src/main.ts"))];
  const outside = loaded.filter((name) => !name.startsWith("/") && !name.startsWith("node:"));
  expect(outside.sort()).toEqual(["@dsbm/config/errors", "@dsbm/files", "@dsbm/runs/process"]);
  expect(loaded.filter((name) => name.startsWith("/"))).toHaveLength(2);
});
