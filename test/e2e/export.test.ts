// `dsbm export` as a user types it: the files and their contents, and refusals.
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setNumThreads } from "@dsbm/torch";
import { beforeAll, expect, it } from "vitest";
import { scratch } from "./cli.js";
import { commandHere, runWell, tableRun, vectorRun } from "./sample.js";

const root = scratch();
const pathOf = (...names: string[]) => join(root, ...names);
const json = (path: string) => JSON.parse(readFileSync(path, "utf8"));
const transform = { log1p: true, standardise: "columns" as const, mean: [1, 2], std: [0.5, 0] };
let run = "";

beforeAll(() => {
  setNumThreads(1);
  run = vectorRun(pathOf("vectors"), ["num_steps=30", "sigma=0.7", "data.n_test=300"]);
});

it("a folder has all files for sampling", async () => {
  await runWell("export", run, pathOf("out/"), "license=MIT");
  expect(readdirSync(pathOf("out")).sort()).toEqual(
    ["README.md", "b.onnx", "bridge.json", "f.onnx", "sample.py"].sort(),
  );
  const bridge = json(pathOf("out/bridge.json"));
  expect(bridge).toMatchObject({
    format: 2,
    method: "dsbm",
    kind: "drift",
    license: "MIT",
    quality: null,
    state: { shape: [2], type: "vectors" },
    default_direction: "b",
    columns: null,
    directions: {
      f: { model: "f.onnx", direction_input: null, half_iteration: 2 },
      b: { model: "b.onnx", direction_input: null, half_iteration: 1 },
    },
    inputs: ["x", "t"],
    output: "drift",
    end_output: null,
    process: { type: "brownian", sigma: 0.7 },
    schedule: { resample: true, step_variance: "process", last_noise: true },
    noise: { generator: "philox4x32-10", same_samples: true },
  });
  expect(bridge.schedule.times).toHaveLength(31);
  const card = readFileSync(pathOf("out/README.md"), "utf8");
  expect(card).toMatch(/^---\nlicense: MIT\n---\n.*σ = 0\.7/s);
});

it("units and conditions are in bridge.json, folders of the user are not", async () => {
  const conditioning = { name: "site", classes: ["a|b", "c"], mean: 0, std: 1 };
  const facts = { names: ["x", "a,b"], transform, conditioning, from: "/private/me/a.csv" };
  await runWell("export", tableRun(pathOf("tables"), facts), pathOf("tables-out"));
  expect(json(pathOf("tables-out/bridge.json"))).toMatchObject({
    columns: ["x", "a,b"],
    transform,
    inputs: ["x", "t", "cond"],
    default_direction: "f",
    conditions: { cond: { shape: [2], column: conditioning }, y: null },
    data: { source: { name: "a.csv", rows: 10 }, target: null },
  });
  for (const name of readdirSync(pathOf("tables-out")))
    expect(readFileSync(pathOf("tables-out", name), "latin1")).not.toContain("private");
});

it("a page holds models and samples of both ends", async () => {
  const page = pathOf("page.html");
  const { stdout, stderr } = await runWell("export", run, page);
  expect(stderr).toMatch(/holds 300 held-out samples of/);
  // MLPs need no ONNX Runtime, which has megabytes.
  expect(stdout).toMatch(/page\.html +\d+\.\d kB/);
  expect(statSync(page).size).toBeLessThan(4e5);
});

it("a page has no samples with samples=0 or without the data", async () => {
  await runWell("export", run, pathOf("small.html"), "samples=0");
  expect(readFileSync(pathOf("small.html"), "utf8")).toContain(
    "It holds the models and no samples.",
  );
  tableRun(pathOf("gone"), { names: ["a", "</script>"], transform, from: "a.csv" });
  const { stderr } = await runWell("export", pathOf("gone"), pathOf("gone.html"));
  expect(stderr).toMatch(/^the page has no samples.*a\.csv/);
  expect(readFileSync(pathOf("gone.html"), "utf8")).not.toContain('"</script>"');
});

it.each([
  ["RUN OUT more", /expected RUN OUT/],
  ["RUN OUT direction=f", /direction=f has not been trained.*write direction=b/],
  ["RUN OUT half_iteration=9", /half_iteration=9/],
  ["RUN OUT.pt", /ends in .pt: expected a folder or NAME.html/],
  ["RUN there", /exists already.*overwrite=true/],
  ["RUN there/file.onnx", /is a file: give another name for a folder/],
  ["RUN there/file.onnx/deeper", /there.file.onnx.deeper/],
])("refuses %s", async (words, message) => {
  if (!existsSync(pathOf("there"))) {
    await runWell("export", vectorRun(pathOf("RUN"), [], { halves: ["b"] }), pathOf("there"));
    writeFileSync(pathOf("there/file.onnx"), "kept");
  }
  const places = words.split(" ").map((word) => (word.includes("=") ? word : pathOf(word)));
  const { code, stderr } = await commandHere("export", ...places);
  expect(code).not.toBe(0);
  expect(stderr).toMatch(message);
  expect(stderr.trim()).not.toContain("\n");
  expect(existsSync(pathOf("OUT"))).toBe(false);
  expect(readFileSync(pathOf("there/file.onnx"), "utf8")).toBe("kept");
});
