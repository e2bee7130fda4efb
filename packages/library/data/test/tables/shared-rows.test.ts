// Datasets of one file are prepared in one pass, to the same bytes as each by itself.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type ChosenColumns, type DatasetRequest, prepareTable, prepareTables } from "@dsbm/data";
import h5wasm from "h5wasm/node";
import { beforeAll, expect, it } from "vitest";
import { SharedRows } from "../../src/tables/prepare/shared-rows.js";
import type { RowSource } from "../../src/tables/row-source.js";
import { refusal, testFolders } from "../files.js";

const folder = testFolders();
const days = ["0", "1", "2"];
const rowTotal = 3000;
const columnTotal = 250;

let path = "";
beforeAll(async () => {
  await h5wasm.ready;
  path = join(folder(), "cells.h5ad");
  const file = new h5wasm.File(path, "w");
  const counts = Float32Array.from({ length: rowTotal * columnTotal }, (_, i) => (7 * i) % 11);
  file.create_dataset({ name: "X", data: counts, shape: [rowTotal, columnTotal] });
  const obs = file.create_group("obs");
  // The last day begins behind the first batch.
  const dayOf = (i: number) => (i < 1500 ? i % 2 : i % 3);
  obs.create_dataset({
    name: "day",
    data: Float64Array.from({ length: rowTotal }, (_, i) => dayOf(i)),
  });
  file.close();
});

const optionsOf = (directory: string, group: string, like: ChosenColumns | null) => ({
  split: "train" as const,
  directory,
  table: { columns: ["hvg:200"], split_by: "day", group, ...(like && { like }) },
});

const requestsIn = (directory: string, groups = days): DatasetRequest[] =>
  groups.map((group) => ({
    name: `table:${path}`,
    optionsOf: (_, like) => optionsOf(directory, group, like),
  }));

/** The bytes of all files of all prepared folders, by name. */
function preparedFiles(directory: string): Map<string, string> {
  const prepared = join(directory, "prepared");
  return new Map(
    readdirSync(prepared, { recursive: true, encoding: "utf8" })
      .filter((name) => /\.\w+$/.test(name) && !/5ad-\w+$/.test(name))
      .toSorted()
      .map((name) => [name, readFileSync(join(prepared, name), "latin1")]),
  );
}

let preparedAlone: Map<string, string>;
beforeAll(async () => {
  const directory = folder();
  let like: ChosenColumns | null = null;
  for (const group of days) {
    await prepareTable(`table:${path}`, {
      ...optionsOf(directory, group, like),
      chosen: (columns) => {
        like ??= columns;
      },
    });
  }
  preparedAlone = preparedFiles(directory);
});

it("days of one file have the same bytes as each by itself, also if some were prepared before", async () => {
  expect(preparedAlone.size).toBe(5 * days.length);
  const [together, later] = [folder(), folder()];
  await prepareTables(requestsIn(together));
  expect(preparedFiles(together)).toEqual(preparedAlone);
  await prepareTables(requestsIn(later, days.slice(0, 1)));
  await prepareTables(requestsIn(later));
  expect(preparedFiles(later)).toEqual(preparedAlone);
});

it("a stopped pass resumes to the same bytes", async () => {
  const directory = folder();
  const controller = new AbortController();
  const stopping = prepareTables(requestsIn(directory), {
    signal: controller.signal,
    progress: ({ done }) => {
      if (done > 1200) controller.abort(new Error("stopped"));
    },
  });
  await expect(stopping).rejects.toThrow("stopped");
  await prepareTables(requestsIn(directory));
  expect(preparedFiles(directory)).toEqual(preparedAlone);
});

it("a day that no row has is refused, and the other days stay prepared", async () => {
  const directory = folder();
  await expect(prepareTables(requestsIn(directory, ["0", "5", "1"]))).rejects.toThrow(
    refusal("InvalidOption", /no row has day=5; day has 0, 1, 2/),
  );
  expect(readdirSync(join(directory, "prepared"))).toHaveLength(2);
});

/** A table of 10 rows in batches of 4, which counts its readings and batches. */
function countedSource() {
  const counts = { readings: 0, batches: 0 };
  const source: Pick<RowSource, "batches"> = {
    async *batches({ numbers = [], from }) {
      counts.readings += 1;
      for (let first = from?.row ?? 0; first < 10; first += 4) {
        counts.batches += 1;
        const count = Math.min(4, 10 - first);
        const column = Float64Array.from({ length: count }, (_, i) => first + i);
        yield { first, count, numbers: numbers.map(() => column), texts: [] };
      }
    },
  };
  return { counts, source: source as RowSource };
}

it.each([
  ["the first row", [0, 0, 0], 3],
  ["different rows, also within a batch", [4, 6, 9], 2],
])("several readings from %s read each batch once", async (_, starts, batches) => {
  const { counts, source } = countedSource();
  const shared = new SharedRows(starts.length);
  const table = shared.share(source);
  const read = async (row: number) => {
    const values: number[] = [];
    for await (const batch of table.batches({ numbers: ["a"], from: { row } }))
      values.push(...batch.numbers[0]);
    await shared.leave();
    return values;
  };
  const rows = Array.from({ length: 10 }, (_, i) => i);
  expect(await Promise.all(starts.map(read))).toEqual(starts.map((row) => rows.slice(row)));
  expect(counts).toEqual({ readings: 1, batches });
});
