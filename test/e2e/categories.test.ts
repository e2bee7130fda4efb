// Tables with columns of texts from the first command to the last: fit, metrics, samples, programs, exports.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { openRows } from "@dsbm/data";
import { readDataFile, readQuality } from "@dsbm/runs";
import { readUnits } from "@dsbm/web";
import { beforeAll, expect, it } from "vitest";
import { openBridge } from "../../packages/command/cli/src/index.js";
import { onlyRun, scratch, succeed } from "./cli.js";
import { runWell, sampleHere, sampleWell, workIn } from "./sample.js";

const root = scratch();
const sites = ["north", "south", "west"];
let run: string;

/** Twelve columns: eight of numbers, three of texts, and an id. The shares of sites follow `lengths`. */
function putTable(name: string, rows: number, lengths: readonly number[]): void {
  const parts = lengths.flatMap((length, k) => new Array<string>(length).fill(sites[k]));
  const lines = Array.from({ length: rows }, (_, i) => {
    const numbers = Array.from({ length: 8 }, (_, k) => ((i + 1) * (0.618034 + k / 7)) % 1);
    return [`p${i}`, parts[i % parts.length], ...numbers, i % 3 ? "no" : "yes", "ab"[i % 2]].join();
  });
  const names = Array.from({ length: 8 }, (_, k) => `x${k}`);
  writeFileSync(join(root, name), `id,site,${names},smoker,arm\n${lines.join("\n")}\n`);
}

async function textsOf(path: string, names: readonly string[]): Promise<string[][]> {
  const source = await openRows(join(root, path));
  const columns: string[][] = names.map(() => []);
  for await (const { texts } of source.batches({ texts: names }))
    for (const [k, cells] of texts.entries()) columns[k].push(...cells);
  source.close();
  return columns;
}

workIn(root);
beforeAll(async () => {
  putTable("a.csv", 160, [3, 1]);
  putTable("b.csv", 120, [1, 1, 2]);
  const words =
    "max_minutes=null n_ipf=1 num_iter=40 first_num_iter=40 batch_size=32 model.hidden=[16] num_steps=5";
  await succeed(["fit", "a.csv", "b.csv", ...words.split(" "), "threads=1", "plot_level=0"], {
    cwd: root,
  });
  run = onlyRun(root) as string;
});

it("the first command chooses categories, and the report names them", () => {
  expect(readDataFile(run)?.categories).toEqual([
    { name: "site", levels: sites },
    { name: "smoker", levels: ["no", "yes"] },
    { name: "arm", levels: ["a", "b"] },
  ]);
  const { warnings = [] } = readDataFile(run) ?? {};
  expect(warnings.join("\n")).toMatch(/column id names the rows[^\n]*data.keep=id/);
  expect(warnings.join("\n")).toMatch(/category site: \S*a.csv has no west/);
  const report = readFileSync(join(run, "report.html"), "utf8");
  expect(report).toContain("Categories: site (north, south, west), smoker (no, yes), arm (a, b).");
});

it("the ceiling of shares of levels is the distance of the shares in the data", () => {
  const rows =
    readQuality(run)?.rows.filter(
      ({ column, direction }) => column === "site" && direction === "f",
    ) ?? [];
  expect(rows.map(({ title }) => title)).toEqual(["shares of site"]);
  const [{ value, floor, ceiling }] = rows;
  // Shares ¾, ¼, 0 against ¼, ¼, ½, of some held-out rows.
  expect(Math.abs(Number(ceiling) - 0.5)).toBeLessThan(0.2);
  expect(Number(floor)).toBeLessThan(0.3);
  expect(value).toBeLessThanOrEqual(1);
});

it.each(["csv", "parquet"])(
  "samples in .%s have texts again, and can be sampled back",
  async (ending) => {
    await sampleWell(run, "a.csv", `there.${ending}`, "keep=id", "direction=f");
    const [ids, site, smoker] = await textsOf(`there.${ending}`, ["id", "site", "smoker"]);
    expect(ids.slice(0, 2)).toEqual(["p0", "p1"]);
    expect(sites).toEqual(expect.arrayContaining([...new Set(site)]));
    expect(["no", "yes"]).toEqual(expect.arrayContaining([...new Set(smoker)]));
    const { stdout } = await sampleWell(run, `there.${ending}`, `back.${ending}`, "direction=b");
    expect(stdout).toContain("160 rows of 11 columns");
  },
);

it("paths have a text at each time, and arrays a number for each level", async () => {
  await sampleWell(run, "a.csv", "path.csv", "path=true", "direction=f");
  const [start] = await textsOf("path.csv", ["site"]);
  const [given] = await textsOf("a.csv", ["site"]);
  expect(start.filter((_, i) => i % 6 === 0)).toEqual(given);
  const { stdout } = await sampleWell(run, "a.csv", "array.npy", "direction=f");
  expect(stdout).toContain("160 rows of 15 columns");
});

it.each([
  [
    "an unknown level",
    (text: string) => text.replace("south", "east"),
    /column site has "east" in row 4: expected one of north, south, west; repair it, or write 'where=/,
  ],
  [
    "a missing text",
    (text: string) => text.replace("south", ""),
    /column site has 1 missing value .*the first in row 4.*missing=drop/,
  ],
  [
    "a table without the column",
    (text: string) => text.replace("site", "place"),
    /has no column site, a category of north, south, west/,
  ],
])("%s is refused in one line", async (_, change, message) => {
  writeFileSync(join(root, "new.csv"), change(readFileSync(join(root, "a.csv"), "utf8")));
  const { code, stderr } = await sampleHere(run, "new.csv", "no.csv", "direction=f");
  expect(code).not.toBe(0);
  expect(stderr.trim().split("\n").at(-1)).toMatch(message);
});

it("programs give rows with texts, and get rows with texts", async () => {
  using bridge = openBridge(run, { threads: 1 });
  const row = ["north", 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, "no", "b"];
  const { x } = await bridge.sample([row, row]);
  expect(x[0]).toHaveLength(11);
  expect(sites).toContain(x[0][0]);
  expect(["no", "yes"]).toContain(x[0][9]);
  const { states } = await bridge.paths([row]);
  expect(states[0][0][0]).toBe("north");
  await expect(bridge.sample([["east", ...row.slice(1)]])).rejects.toThrow(
    'site is "east" in row 0; expected one of north, south, west',
  );
  await expect(bridge.sample([row.slice(1)])).rejects.toThrow("row 0 has 10 values; expected 11");
});

it("an export chooses the levels as the run does", async () => {
  await runWell("export", run, join(root, "export"));
  const bridge = JSON.parse(readFileSync(join(root, "export", "bridge.json"), "utf8"));
  expect(bridge.transform.categories[0]).toEqual({ name: "site", levels: sites, first: 0 });
  const { shape, undo } = readUnits(bridge);
  const { data } = undo(
    Float32Array.from({ length: shape[0] }, (_, k) => [0, 0.4, 9][k] ?? 0),
    1,
  );
  expect(Array.from(data.slice(0, 3))).toEqual([0, 0, 1]);
});
