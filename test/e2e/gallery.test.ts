// `dsbm gallery` as a user types it: pages, pictures and README.md of a preset and of a run of one's own.
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { scratch } from "./cli.js";
import { commandHere, vectorRun } from "./sample.js";

const root = scratch();
const at = (...names: string[]) => join(root, ...names);

it("trains a preset, and shows it beside runs of one's own", async () => {
  const own = vectorRun(at("own/cells/day_2/42"));
  mkdirSync(at("gallery"));
  writeFileSync(at("gallery/README.md"), "# Gallery\n\n## Points\n\nold\n\n## Fields\n\nkept\n");
  const { code, stdout } = await commandHere(
    ...["gallery", "quick=true", "only=[points]", `runs=['${own}']`, "threads=1"],
    ...[`out='${at("gallery")}'`, `experiments_dir='${at("experiments")}'`],
  );
  expect([code, stdout]).toEqual([0, expect.stringContaining(at("gallery/README.md"))]);
  expect(readdirSync(at("gallery")).sort()).toEqual(
    ["README.md", "cells.html", "points.html", "points.png"].sort(),
  );
  const text = readFileSync(at("gallery/README.md"), "utf8");
  expect(text).toContain("![Points](points.png)");
  expect(text).toContain("npx dsbm train dataset=moons");
  expect(text).toContain("[cells.html](cells.html)");
  expect(text.match(/^## .*|^old|^kept/gm)).toEqual(["## Points", "## Fields", "kept", "## cells"]);
});

it.each([
  [["only=[cells]"], /only/],
  [["runs=[nowhere]"], /nowhere/],
])("refuses %j", async (words, message) => {
  const { code, stderr } = await commandHere("gallery", ...words);
  expect(code).toBeGreaterThan(0);
  expect(stderr).toMatch(message);
});
