// One table in, one table out: cells of several times in a .h5ad file, with a run's annotations in
// a copy.
import { copyFileSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Bridge } from "@dsbm/inference";
import { full, Generator, randn, tidy } from "@dsbm/torch";
import h5wasm from "h5wasm/node";
import { beforeAll, describe, expect, it } from "vitest";
import { fit } from "../../packages/command/cli/src/index.js";
import { addComponents, writeH5ad } from "../support/h5ad.js";
import { scratch } from "./cli.js";
import { commandHere, course, hiddenIn, runWell, tableRun, workIn } from "./sample.js";

const root = scratch();
const pathOf = (name: string) => join(root, name);
workIn(root);

const n = 300;
const days = Array.from({ length: n }, (_, i) => (i % 3 === 0 ? "2" : i % 3 === 1 ? "7" : "4.5"));
const types = Array.from({ length: n }, (_, i) => (i === 4 ? null : i % 2 === 0 ? "B/T" : "HSC"));
const transform = { log1p: true, standardise: "columns" as const, mean: [1, 2], std: [0.5, 0.25] };
const columns = [0, 1].map((k) =>
  (
    randn([n], { generator: Generator.create(k + 1), dtype: "float64" }).toArray() as Float64Array
  ).map((z) =>
    Math.fround(
      Math.expm1(Math.abs((transform.mean[k] as number) + z * (transform.std[k] as number))),
    ),
  ),
);
const facts = { names: ["Actb", "Gapdh"], transform };
const data = { split_by: "day", source: "2", target: "7" };
let moving = "";
/** Trained on counts that were scaled. */
let scaledRun = "";

const writeCells = (name: string, times: (string | null)[]) =>
  writeH5ad(
    pathOf(name),
    Object.fromEntries(facts.names.map((column, k) => [column, columns[k] as Float64Array])),
    { day: times, celltype: types },
  );

function writeCsv(name: string): void {
  const rows = days.map((day, i) => `${day},${types[i] ?? ""},${columns[0][i]},${columns[1][i]}\n`);
  writeFileSync(pathOf(name), `day,celltype,${facts.names}\n${rows.join("")}`);
}

beforeAll(async () => {
  await h5wasm.ready;
  moving = tableRun(pathOf("moving"), facts, { data });
  scaledRun = tableRun(pathOf("scaled"), facts, { data: { ...data, normalise: 1e4 } });
  await writeCells("cells.h5ad", days);
  await writeCells("gap.h5ad", days.with(8, null as never));
  writeCsv("cells.csv");
});

/** The dataset at a path of a .h5ad file. */
function read(name: string, path: string): number[] {
  const file = new h5wasm.File(pathOf(name), "r");
  const value = (file.get(path) as InstanceType<typeof h5wasm.Dataset>).value;
  file.close();
  return typeof value === "number" ? [value] : Array.from(value as Float32Array);
}

const isOf = (day: string) => days.map((one) => one === day);

describe("dsbm sample", () => {
  it("writes the samples of a time into a copy, NaN into other rows", async () => {
    const { stdout, stderr } = await runWell(
      "sample",
      moving,
      "cells.h5ad",
      "out.h5ad",
      "from=4.5",
    );
    expect(stdout).toContain("obsm X_at_7 of 100 rows and 2 columns");
    expect(stderr).toMatch(/skipped 200 of 300 rows/);
    const state = read("out.h5ad", "obsm/X_at_7");
    const isMiddle = isOf("4.5");
    expect(state.map(Number.isNaN)).toEqual(isMiddle.flatMap((is) => [!is, !is]));
    expect(read("out.h5ad", "uns/dsbm/sample/settings/seed")).toEqual([42]);
    expect(read("out.h5ad", "X")).toEqual(read("cells.h5ad", "X"));
    expect(hiddenIn(root)).toEqual([]);
  });

  it("writes the samples of a sparse matrix into a sparse layer, and marks their rows", async () => {
    copyFileSync(pathOf("cells.h5ad"), pathOf("sparse.h5ad"));
    const file = new h5wasm.File(pathOf("sparse.h5ad"), "a");
    const counts = file.create_group("layers").create_group("counts");
    counts.create_attribute("encoding-type", "csr_matrix");
    counts.create_attribute("shape", BigInt64Array.of(BigInt(n), 2n));
    const entries = Float32Array.from({ length: 2 * n }, (_, i) => columns[i % 2]?.[i >> 1] ?? 0);
    counts.create_dataset({ name: "data", data: entries });
    counts.create_dataset({ name: "indices", data: Int32Array.from(entries, (_, i) => i % 2) });
    const pointers = Int32Array.from({ length: n + 1 }, (_, i) => 2 * i);
    counts.create_dataset({ name: "indptr", data: pointers });
    file.close();
    // The fixture's ranges reach ten deviations down from the mean.
    const shifted = { ...facts, transform: { ...transform, mean: [6, 3] } };
    const counting = tableRun(pathOf("counting"), shifted, { data });
    const sampled = (...words: string[]) =>
      runWell("sample", counting, "sparse.h5ad", ...words, "from=4.5");
    await sampled("out-dense.h5ad");
    const { stdout } = await sampled("out-sparse.h5ad", "layer=counts");
    expect(stdout).toContain("layers counts_at_7 of 100 rows and 2 columns");
    const marks = read("out-sparse.h5ad", "obs/has_counts_at_7");
    expect(marks.map((mark) => mark === 1)).toEqual(isOf("4.5"));
    // Samples do not depend on how the matrix is stored.
    const positive = read("out-dense.h5ad", "obsm/X_at_7").filter((value) => value > 0);
    expect(read("out-sparse.h5ad", "layers/counts_at_7/data")).toEqual(positive);
  });

  it("writes the weights of samples with growth into obs", async () => {
    const growing = tableRun(pathOf("growing"), facts, {
      data,
      more: { ...course("wfr"), times: null },
    });
    await runWell("sample", growing, "cells.h5ad", "grown.h5ad", "from=4.5");
    const weights = read("grown.h5ad", "obs/weight_at_7");
    expect(weights.map((weight) => weight > 0)).toEqual(isOf("4.5"));
  });
});

it("a report has the fates of cells with components in obsm", async () => {
  await writeCells("pca.h5ad", days);
  const components = Array.from({ length: n }, (_, i) =>
    [0, 1, 2].map((k) => Math.sin((3 * i + k) ** 2)),
  );
  addComponents(pathOf("pca.h5ad"), components);
  using bridge = await fit({
    source: pathOf("pca.h5ad"),
    time: "day",
    data: { layer: "X_pca", keep: ["celltype"] },
    ...{ max_minutes: null, num_iter: 5, first_num_iter: 5, n_ipf: 1, num_steps: 4, batch_size: 8 },
    ...{ test_npar: 12, loo: false, threads: 1, model: { hidden: "8,8" } },
    paths: { experiments_dir_name: pathOf("experiments") },
  });
  const samples = join(bridge.folder, "samples");
  const points = readdirSync(samples).find((name) => /_f_.*points\.json$/.test(name)) as string;
  const { course } = JSON.parse(readFileSync(join(samples, points), "utf8"));
  expect(course.fates.from).toEqual(["B/T", "HSC"]);
});

describe("dsbm annotate", () => {
  it("adds velocities, states and fates, as columns of a table", async () => {
    const words = ["fate=celltype", "draws=3", "neighbours=5"];
    const { stdout } = await runWell("annotate", moving, "cells.h5ad", "notes.h5ad", ...words);
    expect(stdout.trim().split("\n")).toEqual([
      "rows:    300",
      "added:   obsm velocity_X",
      "added:   obsm X_at_7",
      "added:   fate_B/T, fate_HSC",
      "output:  notes.h5ad",
    ]);
    const fates = ["B_T", "HSC"].map((name) => read("notes.h5ad", `obs/fate_${name}`));
    for (const [i, share] of fates[0].entries()) expect(share + fates[1]?.[i]).toBeCloseTo(1, 5);
    // Cells of the last day stay.
    const state = read("notes.h5ad", "obsm/X_at_7");
    const x = read("notes.h5ad", "X");
    const isLast = isOf("7");
    for (const [i, is] of isLast.entries())
      if (is) expect(Math.abs(state[2 * i] / x[2 * i] - 1)).toBeLessThan(1e-4);
    await runWell("annotate", moving, "cells.csv", "notes.csv", ...words);
    await runWell("annotate", moving, "cells.h5ad", "copy.csv", ...words);
    const notes = readFileSync(pathOf("notes.csv"), "utf8").split("\n");
    expect(readFileSync(pathOf("copy.csv"), "utf8")).toMatch(
      /^celltype,day,Actb,Gapdh,velocity_Actb/,
    );
    expect(notes[0]).toBe(
      "day,celltype,Actb,Gapdh,velocity_Actb,velocity_Gapdh,Actb_at_7,Gapdh_at_7,fate_B/T,fate_HSC",
    );
    const cells = notes[1].split(",").map(Number);
    expect(cells[7]).toBeCloseTo(state[1], 3);
    expect(cells[9]).toBeCloseTo(fates[1]?.[0], 5);
    expect(hiddenIn(root)).toEqual([]);
  });

  it("has the drift in the units of the columns and of time", async () => {
    await runWell("annotate", moving, "cells.h5ad", "drift.h5ad", "at=2");
    const velocity = read("drift.h5ad", "obsm/velocity_X");
    using bridge = Bridge.open(moving, { threads: 1 });
    const rows = [...days.keys()].filter((i) => days[i] === "4.5");
    const step = 1e-2;
    const pick = (k: number) => Float64Array.from(rows, (i) => columns[k]?.[i] as number);
    const x = bridge.units.apply([pick(0), pick(1)]);
    const after = tidy(() => {
      const drift = bridge.drift("f")?.(x, full([rows.length], 0.5));
      return x.add((drift as typeof x).mul(step)).keep();
    });
    const moved = bridge.units.undo(after);
    for (const [j, i] of rows.entries())
      for (const k of [0, 1]) {
        // Five days are one unit of the process.
        const expected = ((moved[k]?.[j] as number) - columns[k]?.[i]) / (step * 5);
        expect(Math.abs(velocity[2 * i + k] - expected)).toBeLessThan(
          0.02 * (1 + Math.abs(expected)),
        );
      }
    for (const t of [x, after]) t.dispose();
  });

  it("skips rows without a time", async () => {
    const { stdout } = await runWell("annotate", moving, "gap.h5ad", "gap-notes.h5ad");
    expect(stdout).toContain("rows:    299, NaN in 1 rows without a time");
    const state = read("gap-notes.h5ad", "obsm/X_at_7");
    expect(state.flatMap((value, i) => (Number.isNaN(value) ? [i] : []))).toEqual([16, 17]);
  });
});

it.each<[string, RegExp, string?]>([
  ["sample cells.h5ad a.h5ad from=9", /from=9: expected one of 2, 7, or a time between them/],
  [
    "sample cells.h5ad a.h5ad from=7 to=2 direction=f",
    /from=7 to=2 with direction=f: expected a later time at to/,
  ],
  ["sample cells.h5ad a.h5ad path=true", /\.h5ad cannot be written of vectors \[2\]/],
  ["annotate cells.h5ad a.h5ad fate=celltyp", /no column celltyp; did you mean "celltype"\?/],
  ["annotate cells.h5ad a.h5ad at=9", /at=9: expected one of 2, 7, or a time between/],
  ["annotate cells.csv a.h5ad", /a copy of a \.h5ad file, but NEW is cells\.csv: expected \.csv/],
  ["annotate cells.h5ad a.npy", /OUT a\.npy: \.npy has no names of columns/],
  ["annotate cells.h5ad gap.h5ad", /exists already/],
  ["sample cells.h5ad a.h5ad", /numbers up to \S+, which look like logarithms/, "scaled"],
  [
    "annotate cells.h5ad a.h5ad",
    /data.normalise=10000; write layer=counts if .* counts$/m,
    "scaled",
  ],
])("refuses %s", async (words, message, run = "moving") => {
  const [command, ...rest] = words.split(" ");
  const { code, stderr } = await commandHere(
    command,
    { moving, scaled: scaledRun }[run] as string,
    ...rest,
  );
  expect(code).not.toBe(0);
  expect(stderr).toMatch(message);
  expect(hiddenIn(root)).toEqual([]);
});
