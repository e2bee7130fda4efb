// What the program loads before it knows the command: a few files, and no whole package.
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import process from "node:process";
import { expect, it } from "vitest";
import { repoPath } from "../../../../test/support/problem.js";

/** The modules that a file imports when it is loaded. */
function importsOf(path: string, seen = new Set<string>()) {
  if (seen.has(path)) return seen;
  seen.add(path);
  const text = readFileSync(path, "utf8");
  for (const [, name = ""] of text.matchAll(
    /^(?:import|export) (?!type )[^;]*?from "([^"]+)";/gms,
  )) {
    if (name.startsWith(".")) importsOf(join(dirname(path), name.replace(/\.js$/, ".ts")), seen);
    else seen.add(name);
  }
  return seen;
}

it("help and versions load three small packages alone", () => {
  const loaded = [...importsOf(repoPath("packages/command/cli/src/main.ts"))];
  const outside = loaded.filter((name) => !name.startsWith("/") && !name.startsWith("node:"));
  expect(outside.sort()).toEqual(["@dsbm/config/errors", "@dsbm/files", "@dsbm/runs/process"]);
  expect(loaded.filter((name) => name.startsWith("/"))).toHaveLength(2);
});

const sharedObjects =
  "process.on('exit', () => console.error(process.report.getReport().sharedObjects.join(' ')))";

/** The libraries of libtorch that a program has loaded when it ends. */
function loadedTorch(...words: string[]): string[] {
  const { stderr, status } = spawnSync(
    process.execPath,
    ["--import", `data:text/javascript,${sharedObjects}`, ...words],
    { encoding: "utf8" },
  );
  expect(status, stderr).toBe(0);
  return stderr.split(/\s+/).filter((library) => /libtorch|libc10|dsbm[^/]*\.node/.test(library));
}

it.each([
  "--help",
  "train --help",
  "train --help=all method=wfr",
  "gaussian --help model_name=dsb",
  "train --cfg method=sf2m model=MLP",
  "fit --help",
])("dsbm %s loads no libtorch", (line) => {
  const words = line.split(" ");
  expect(loadedTorch(repoPath("packages/command/cli/bin/dsbm.mjs"), ...words)).toEqual([]);
});

it("a tensor loads libtorch", () => {
  const script = `import("${repoPath("packages/engine/torch/dist/index.js")}").then(({ zeros }) => zeros([1]))`;
  expect(loadedTorch("--eval", script)).not.toEqual([]);
});
