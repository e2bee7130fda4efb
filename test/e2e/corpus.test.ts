// Runs and exports of earlier versions (scripts/corpus.mjs): this version reads them, and samples the same numbers.
import { cpSync, existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { loadBridge } from "@dsbm/web";
import * as ort from "onnxruntime-web";
import { beforeAll, describe, expect, it } from "vitest";
import { scratch, succeed } from "./cli.js";

const corpus = fileURLToPath(new URL("../corpus", import.meta.url));
const root = scratch();
const versions = readdirSync(corpus);
const runs = versions.flatMap((version) =>
  readdirSync(join(corpus, version))
    .filter((name) => existsSync(join(corpus, version, name, "run.json")))
    .map((name) => [name, version] as const),
);

beforeAll(() => {
  ort.env.wasm.numThreads = 1;
  for (const version of versions)
    cpSync(join(corpus, version), join(root, version), { recursive: true });
});

/** The cells of a table without its header. */
const cellsOf = (file: string) =>
  readFileSync(file, "utf8")
    .trimEnd()
    .split("\n")
    .slice(1)
    .map((row) => row.split(","));

/** Expects equal texts, and numbers that are equal to four digits. */
function expectSameCells(found: string[][], expected: string[][]) {
  expect(found.map((row) => row.length)).toEqual(expected.map((row) => row.length));
  for (const [i, row] of expected.entries())
    for (const [k, cell] of row.entries()) {
      const [value, wanted] = [Number(found[i][k]), Number(cell)];
      if (Number.isNaN(wanted)) expect(found[i][k]).toBe(cell);
      else
        expect(Math.abs(value - wanted)).toBeLessThanOrEqual(1e-4 * Math.max(1, Math.abs(wanted)));
    }
}

/** The table that a run samples from: its own columns, or two columns. */
const tableFor = (folder: string) =>
  existsSync(join(folder, "data.json")) ? "new.csv" : "planar.csv";

describe.each(runs)("the run %s of version %s", (name, version) => {
  const cwd = join(root, version);
  const table = tableFor(join(corpus, version, name));
  const expected = join(corpus, version, `${name}-expected.csv`);

  it("samples the same numbers", async () => {
    await succeed(
      ["sample", name, table, "found.csv", "direction=f", "seed=3", "threads=1", "overwrite=true"],
      { cwd },
    );
    expectSameCells(cellsOf(join(cwd, "found.csv")), cellsOf(expected));
  });

  it("is evaluated", async () => {
    const { stdout } = await succeed(
      ["evaluate", name, "n=16", "metrics=sliced_w2", "threads=1", "out=found.json"],
      { cwd },
    );
    expect(stdout).toContain("sliced 2-Wasserstein");
  });

  it("is exported, and its earlier export samples as the run", async () => {
    await succeed(["export", name, "found/", "overwrite=true"], { cwd });
    const rows = cellsOf(join(cwd, table));
    const wanted = cellsOf(expected).map((row) =>
      row.filter((cell) => !Number.isNaN(Number(cell))),
    );
    for (const folder of ["found", `${name}-export`]) {
      const bridge = await loadBridge(join(cwd, folder));
      const classes =
        rows[0].length > 2 && name === "conditions"
          ? { kind: rows.map((row) => row[2]) }
          : undefined;
      const points = rows.map((row) => row.slice(0, 2).map(Number));
      const { x } = await bridge.sample(points, {
        seed: 3,
        direction: "f",
        ...(classes && { conditions: classes }),
      });
      const samples = x as number[][];
      expect(samples.flat().every(Number.isFinite)).toBe(true);
      // LightSB draws endpoints from its mixture; an export takes steps with the drift.
      if (name !== "lightsb")
        expectSameCells(
          samples.map((row) => row.map(String)),
          wanted,
        );
      bridge.dispose();
    }
  });
});
