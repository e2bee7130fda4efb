// `dsbm sample` of runs of tables: columns by name, in the data's own units, in every format, row by row.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { openRows } from "@dsbm/data";
import { Generator, randn } from "@dsbm/torch";
import { beforeAll, expect, it } from "vitest";
import { scratch } from "./cli.js";
import { hiddenIn, runWell, sampleHere as sample, sampleWell, tableRun, workIn } from "./sample.js";

const root = scratch();
const pathOf = (name: string) => join(root, name);
const n = 700;
let stillRun: string;

/** Three columns of different scales, and an id that is no number. */
const transform = {
  log1p: false,
  standardise: "columns" as const,
  mean: [5, -1e6, 1.7e9],
  std: [0.01, 3e5, 20],
};
const facts = { names: ["small", "large", "time"], kept: ["id"], transform };
const columns = transform.mean.map((mean, k) => {
  const z = randn([n], { generator: Generator.create(k + 1), dtype: "float64" });
  return (z.toArray() as Float64Array).map((x) => mean + x * (transform.std[k] as number));
});
const ids = Array.from({ length: n }, (_, i) => `${String(i).padStart(4, "0")}`);

/** Writes a table; the columns stand in another order than in the run, with one more. */
function putTable(name: string, rows = n): string {
  const [small, large, time] = columns;
  const lines = ids
    .slice(0, rows)
    .map((id, i) => [id, time[i], small[i], small[i], large[i]].join());
  writeFileSync(pathOf(name), `id,time,more,small,large\n${lines.join("\n")}\n`);
  return pathOf(name);
}

/** A table as it is read back. */
async function load(path: string, texts: string[] = []) {
  const source = await openRows(path);
  const names = source.columns.map(({ name }) => name);
  const numbers = names.filter((name) => !texts.includes(name));
  const out: Record<string, (number | string)[]> = Object.fromEntries(names.map((c) => [c, []]));
  for await (const batch of source.batches({ numbers, texts })) {
    for (const [k, name] of numbers.entries()) out[name].push(...batch.numbers[k]);
    for (const [k, name] of texts.entries()) out[name].push(...batch.texts[k]);
  }
  source.close();
  return out;
}

/** The largest difference in deviations of the column. */
const gap = (found: (number | string)[], k: number) =>
  Math.max(...found.map((x, i) => Math.abs(Number(x) - columns[k]![i]!))) / transform.std[k]!;

workIn(root);
beforeAll(() => {
  stillRun = tableRun(pathOf("still"), facts, { scale: 0 });
});

it("keeps numbers and ids if nothing moves, from one format to another", async () => {
  putTable("new.csv");
  const words = ["solver=euler", "ode_step_size=1"];
  const { stderr, stdout } = await sampleWell(stillRun, "new.csv", "all.parquet", ...words);
  expect(stdout).toContain(`samples: ${n}`);
  expect(stderr).toContain("columns not used by the run: more");
  const found = await load(pathOf("all.parquet"), ["id"]);
  expect(Object.keys(found)).toEqual(["id", ...facts.names]);
  expect(found.id).toEqual(ids);
  for (const [k, name] of facts.names.entries()) expect(gap(found[name], k)).toBeLessThan(1e-4);
});

it("has a row for each sample and time with path=true", async () => {
  putTable("few.csv", 3);
  await sampleWell(stillRun, "few.csv", "long.csv", "path=true", "steps=4", "direction=f");
  const long = await load(pathOf("long.csv"), ["id"]);
  expect(Object.keys(long)).toEqual(["id", "t", ...facts.names]);
  expect(long.t.slice(0, 6)).toEqual([0, 0.25, 0.5, 0.75, 1, 0]);
  expect(long.id.slice(0, 6)).toEqual(["0000", "0000", "0000", "0000", "0000", "0001"]);
  expect(hiddenIn(root)).toEqual([]);
});

it("transports the rows of the run's group, keeps its column, and counts the dropped rows", async () => {
  const data = { split_by: "day", source: "1", target: "2..3" };
  const folder = tableRun(pathOf("split"), facts, { scale: 0, data });
  const days = [1, 2, 3, 1, 4, 2, 1, 5, 6, 7, 8, 9, 10, 11, 12];
  const lines = days.map((day, i) => `r${i},${day},${i === 3 ? "" : 5 + i / 100},0,1.7e9`);
  writeFileSync(pathOf("days.csv"), `id,day,small,large,time\n${lines.join("\n")}\n`);
  const carried = async (...words: string[]) => {
    const { stderr } = await sampleWell(
      folder,
      "days.csv",
      "days-out.csv",
      "overwrite=true",
      ...words,
    );
    const { id, day } = await load(pathOf("days-out.csv"), ["id"]);
    return { stderr, id, day };
  };
  const forward = await carried("direction=f", "missing=drop");
  expect([forward.id, forward.day]).toEqual([
    ["r0", "r6"],
    [1, 1],
  ]);
  expect(forward.stderr).toMatch(
    /sampled from the rows with day=1, skipped 12 of 15 rows \(2, 3, 4, 5, 6, 7, 8, 9, 10, 11, …\): group=\* transports all/,
  );
  expect(forward.stderr).toMatch(/skipped 1 row with missing values/);
  expect((await carried("direction=b")).day).toEqual([2, 3, 2]);
  expect((await carried("direction=f", "group=4")).id).toEqual(["r4"]);
  const { code, stderr } = await sample(folder, "days.csv", "no.csv", "group=0");
  expect([code, stderr]).toEqual([
    2,
    expect.stringMatching(/no row has day=0.*day has 1, 2, 3, 4, .*, …: write group=VALUE/),
  ]);
});

it("samples all rows of NEW, or the rows of its own condition; data.where is about training rows", async () => {
  const folder = tableRun(pathOf("where"), facts, { scale: 0, data: { where: "day < 7" } });
  putTable("new.csv", 4);
  const idsOf = async (...words: string[]) => {
    await sampleWell(folder, "new.csv", "where-out.csv", "overwrite=true", ...words);
    return (await load(pathOf("where-out.csv"), ["id"])).id;
  };
  expect(await idsOf()).toEqual(["0000", "0001", "0002", "0003"]);
  expect(await idsOf("where=id in (1, 3)")).toEqual(["0001", "0003"]);
});

it("reads decimal commas, thousands, marks of missing values and booleans as it is told", async () => {
  const lines = ["r0;1.005;n.d.;true", "r1;5,25;1.000.000;false", "r2;5,5;-2.000,5;TRUE"];
  writeFileSync(pathOf("comma.csv"), `id;small;large;time\n${lines.join("\n")}\n`);
  const reading = ["decimal=,", "thousands=.", "na=n.d.", "booleans=true", "missing=drop"];
  const solver = ["solver=euler", "ode_step_size=1"];
  const { stderr } = await sampleWell(
    stillRun,
    "comma.csv",
    "comma-out.csv",
    ...reading,
    ...solver,
  );
  expect(stderr).toMatch(/skipped 1 row with missing values/);
  const found = await load(pathOf("comma-out.csv"), ["id"]);
  expect(found.id).toEqual(["r1", "r2"]);
  expect(found.small.map((x) => Math.round(100 * Number(x)))).toEqual([525, 550]);
  expect(found.large.map((x) => Math.round(2 * Number(x)) / 2)).toEqual([1e6, -2000.5]);
});

it.each<[command: string, trained: "still" | "whole" | "ranged", x: number, warning: RegExp]>([
  [
    "sample",
    "still",
    5,
    /has whole numbers in 3 of 3 columns, where .* fractions \(small, large, time\): expected the same matrix/,
  ],
  ["annotate", "still", 5, /has whole numbers in 3 of 3 columns, where .* fractions/],
  [
    "sample",
    "whole",
    5.5,
    /has fractions in 2 of 3 columns, where .* whole numbers \(small, large\): expected the same matrix/,
  ],
  ["annotate", "whole", 5.5, /has fractions in 2 of 3 columns, where .* whole numbers/],
  [
    "annotate",
    "still",
    6.5,
    /far outside of the training data, where .*: small 12 \(data 4.9 to 5.1\)/,
  ],
  ["annotate", "still", 6.5, /of 12 generated rows, some have values outside .*: small 12/],
  ["sample", "ranged", 6.5, /train with .data.range=."large:0\.\.","small".. to prevent this/],
])("%s of a run of %s columns warns of %d", async (command, trained, x, warning) => {
  const run = {
    still: () => stillRun,
    whole: () => tableRun(pathOf("counts"), { ...facts, whole: true }, { scale: 0 }),
    ranged: () => tableRun(pathOf("ranged"), facts, { scale: 0, data: { range: ["large:0.."] } }),
  }[trained]();
  writeFileSync(pathOf("kind.csv"), `small,large,time\n${`${x},${x},1.7e9\n`.repeat(12)}`);
  const { stderr } = await runWell(command, run, "kind.csv", "kind-out.csv", "overwrite=true");
  expect(stderr).toMatch(warning);
});

it("counts rows far from the training data, and values outside of its range or kind", async () => {
  const small = (values: number[]) =>
    `small,large,time\n${values.map((x) => `${x},0,1.7e9`).join("\n")}\n`;
  writeFileSync(pathOf("far.csv"), small([5, 5.12, 6]));
  const { stderr } = await sampleWell(stillRun, "far.csv", "far-out.csv");
  expect(stderr).toMatch(
    /warning: values of .*far.csv are far outside .*: small 1 \(data 4.9 to 5.1\)/,
  );
  expect(stderr).toMatch(
    /warning: of 3 generated rows, some have values outside .*: small 2 \(data 4.9 to 5.1\); .*data.range=small/,
  );
  expect(stderr).not.toContain("whole numbers in");
  const held = tableRun(pathOf("held"), facts, {
    scale: 0,
    data: { range: ["small"], integer: ["large"] },
  });
  writeFileSync(pathOf("held.csv"), "small,large,time\n6,1234.7,1.7e9\n");
  const outcome = await sampleWell(held, "held.csv", "held-out.csv");
  expect(outcome.stderr).not.toContain("generated values");
  const out = await load(pathOf("held-out.csv"));
  expect(out.small[0]).toBeCloseTo(5.1, 5);
  expect(Number.isInteger(out.large[0])).toBe(true);

  // NEW's own columns are no samples: no range, no rounding, as many digits.
  await runWell("annotate", held, "held.csv", "held-notes.csv");
  const [, row] = readFileSync(pathOf("held-notes.csv"), "utf8").split("\n");
  expect(row.split(",").slice(0, 3)).toEqual(["6", "1234.7", "1700000000"]);
});
