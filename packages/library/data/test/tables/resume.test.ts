// A stopped or killed preparation resumes to the same bytes.
import { appendFileSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { prepareTable } from "@dsbm/data";
import { io } from "@dsbm/torch";
import { expect, it } from "vitest";
import { testFolders } from "../files.js";

const folder = testFolders();
const columnCount = 250;
const rowTotal = 3500;
const numberAt = (i: number, k: number) => ((7 * i + 13 * k) % 1000) / 8;
const rows = Array.from({ length: rowTotal }, (_, i) => [
  i % 3 === 0 ? "x" : "y",
  ...Array.from({ length: columnCount }, (_, k) => String(numberAt(i, k))),
]);
const text = (change: (i: number, cells: string[]) => string[] = (_, cells) => cells) =>
  [["kind", ...Array.from({ length: columnCount }, (_, k) => `c${k}`)], ...rows]
    .map((cells, i) => change(i, cells).join(","))
    .join("\n");

const array = io.npy.encode(
  io.fromTyped(
    Float64Array.from({ length: rowTotal * columnCount }, (_, at) =>
      numberAt(Math.floor(at / columnCount), at % columnCount),
    ),
    [rowTotal, columnCount],
  ),
);

/** All files of the prepared table, by name. */
function preparedFiles(directory: string): Map<string, string> {
  const [name, ...others] = readdirSync(join(directory, "prepared"));
  expect(others).toEqual([]);
  const files = readdirSync(join(directory, "prepared", name)).toSorted();
  return new Map(
    files.map((file) => [
      file,
      readFileSync(join(directory, "prepared", name, file), "latin1").replaceAll(directory, ""),
    ]),
  );
}

it.each<[string, string, string | Uint8Array]>([
  ["a text", "t.csv", text()],
  ["a packed text", "t.csv.gz", gzipSync(text(), { level: 1 })],
  [
    "a text with a quoted cell",
    "t.csv",
    text((i, [kind, ...cells]) => [i === 3000 ? '"y"' : kind, ...cells]),
  ],
  ["an array", "t.npy", array],
])(
  "%s that was stopped is prepared from there on, to the same bytes, also if it was killed while it wrote",
  async (_, name, content) => {
    const isText = name !== "t.npy";
    const options = { split: "train" as const, table: isText ? { condition: "kind" } : {} };
    const [whole, stopped] = [folder(), folder()];
    for (const directory of [whole, stopped]) writeFileSync(join(directory, name), content);
    await prepareTable(`table:${join(whole, name)}`, { ...options, directory: whole });
    const path = join(stopped, name);
    for (const most of [500, 1500]) {
      const controller = new AbortController();
      const { signal } = controller;
      const stopping = prepareTable(`table:${path}`, {
        ...options,
        directory: stopped,
        signal,
        progress: ({ done }) => {
          if (done > most) controller.abort(new Error("stopped"));
        },
      });
      await expect(stopping).rejects.toThrow("stopped");
      const [part] = readdirSync(join(stopped, "prepared"));
      expect(part).toMatch(/^\.part-t/);
      // A killed process has written more than its last state says.
      appendFileSync(join(stopped, "prepared", part, "rows.npy"), "more");
    }
    const places: number[] = [];
    await prepareTable(`table:${path}`, {
      ...options,
      directory: stopped,
      progress: ({ done, isSplitting }) => void (isSplitting || places.push(done)),
    });
    expect(places[0]).toBeGreaterThan(2500);
    expect(preparedFiles(stopped)).toEqual(preparedFiles(whole));
  },
);
