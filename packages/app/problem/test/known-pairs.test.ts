// pairs=FILE through the configuration: the rows of the tables that the training gets, and the file that a run keeps.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { type KnownRows, loadTable, type Origin } from "@dsbm/data";
import { aboutPairs, loadOptions, loadPairs, openDatasets } from "@dsbm/datasets";
import { silentProgress } from "@dsbm/runs";
import { setNumThreads, tidy } from "@dsbm/torch";
import { beforeAll, expect, it } from "vitest";
import { trainConfig } from "../../../../test/support/problem.js";
import { scratch } from "../../../../test/support/scratch.js";
import { trainingProblem } from "../src/training-problem.js";

const folder = scratch();
beforeAll(() => {
  setNumThreads(1);
  const rows = (letter: string) =>
    Array.from({ length: 40 }, (_, i) => `${letter}${i},${i},${i % 7}`).join("\n");
  writeFileSync(join(folder, "a.csv"), `id,x,z\n${rows("a")}\n`);
  writeFileSync(join(folder, "b.csv"), `id,z,x\n${rows("b")}\n`);
});

const pathOf = (name: string) => join(folder, name);

async function loadWithPairs(pairs: string, ...words: string[]) {
  writeFileSync(pathOf("pairs.csv"), pairs);
  const config = trainConfig(
    "dataset=vectors",
    `Dataset=table:${pathOf("a.csv")}`,
    `Dataset_transfer=table:${pathOf("b.csv")}`,
    `paths.data_dir_name=${folder}`,
    "data.id=id",
    "batch_size=8",
    "data.standardise=none",
    `pairs=${pathOf("pairs.csv")}`,
    ...words,
  );
  const ends = await openDatasets(config, { progress: silentProgress, signal: undefined });
  try {
    const known = await loadPairs(config, ends);
    const { data } = trainingProblem(config, ends, { cacheFolder: "", pairs: known });
    const { rows, total } = tidy(() => {
      const { origin } = loadTable(config.Dataset, loadOptions("train", "x0", config));
      return { rows: [...(origin as Origin).rows.toNumbers()], total: (origin as Origin).total };
    });
    const held = Array.from({ length: total }, (_, i) => i).filter((i) => !rows.includes(i));
    // Values of the training tables, which are freed here.
    const values = (["x0", "x1"] as const).map((end) => ({
      x: data[end].toNumbers(),
      intervals: data.conditions?.[end]?.interval?.toNumbers() ?? [],
    }));
    return { config, known, data, held, values };
  } finally {
    ends.dispose();
  }
}

it("gives the training the rows of known pairs", async () => {
  const lines = Array.from({ length: 40 }, (_, i) => `a${i},b${39 - i}`).join("\n");
  const { known, config, data } = await loadWithPairs(`source,target\n${lines}\n`);
  // Four rows of each end are held out.
  expect(known?.given).toBe(40);
  expect(known?.x0.length).toBeGreaterThanOrEqual(32);
  expect(data.pairs).toBe(known);
  expect(aboutPairs(config, known as KnownRows)).toMatch(
    /pairs.csv: 40 known pairs, of which \d have a held-out or unused row$/,
  );
});

it("refuses pairs if all of them are held out", async () => {
  const { held } = await loadWithPairs("source,target\na1,b2\na2,b3\na5,b5\na6,b6\n");
  expect(held).toHaveLength(4);
  await expect(loadWithPairs(`source,target\na${held[0]},b1\n`)).rejects.toThrow(
    /all 1 pairs have a held-out or unused row: expected some to train on/,
  );
});

it("gives pairs of several datasets their rows in the tables of all intervals", async () => {
  const lines = Array.from({ length: 12 }, (_, i) => [`1,a${i},b${i + 3}`, `2,b${i},a${i + 5}`]);
  const { known, values } = await loadWithPairs(
    `interval,source,target\n${lines.flat().join("\n")}\n`,
    `Dataset_between=table:${pathOf("b.csv")}`,
    `Dataset_transfer=table:${pathOf("a.csv")}`,
    "first_coupling=ind",
  );
  expect(known?.given).toBe(24);
  // Column x holds the number of the row, of b its remainder; the unit of an interval is √½.
  const [starts, ends] = [known?.x0, known?.x1].map((rows, end) =>
    Array.from(rows ?? [], (row) => ({
      x: Math.round(values[end]?.x[2 * row] * Math.sqrt(0.5)) % 7,
      interval: values[end]?.intervals[row],
    })),
  );
  expect(new Set(starts?.map(({ interval }) => interval))).toEqual(new Set([0, 1]));
  expect(ends).toEqual(
    starts?.map(({ x, interval }) => ({ interval, x: (x + (interval === 0 ? 3 : 5)) % 7 })),
  );
  await expect(
    loadWithPairs("interval,source,target\n3,a1,b1\n", `Dataset_between=table:${pathOf("b.csv")}`),
  ).rejects.toThrow(/row 1 has the interval "3"; expected 1 to 2/);
  await expect(
    loadWithPairs("source,target\na1,b1\n", `Dataset_between=table:${pathOf("b.csv")}`),
  ).rejects.toThrow(/expected columns named source, target, interval/);
});
