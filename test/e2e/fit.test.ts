// `dsbm fit` as a user types it: choices, plan, table, resume.
import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { beforeAll, expect, test } from "vitest";

const bin = fileURLToPath(new URL("../../packages/cli/bin/dsbm.mjs", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "dsbm-fit-"));

function dsbm(...args: string[]): Promise<{ code: number; out: string; err: string }> {
  return new Promise((done) => {
    execFile(process.execPath, [bin, ...args], { cwd: folder }, (error, out, err) => {
      done({ code: typeof error?.code === "number" ? error.code : 0, out, err });
    });
  });
}

/** Numbers that look random: the fractional parts of multiples of an irrational number. */
const rows = (n: number, of: (u: number, v: number) => [number, number]) =>
  `x,y\n${Array.from({ length: n }, (_, i) => of((i * 0.618034) % 1, (i * 0.414214) % 1).join(",")).join("\n")}\n`;

const small = ["max_minutes=null", "num_iter=60", "first_num_iter=60", "model.hidden=[16,16]"];
const few = [...small, "cache_npar=200", "threads=1", "plot_level=0"];

beforeAll(() => {
  writeFileSync(
    join(folder, "a.csv"),
    rows(120, (u, v) => [u, 1000 * v]),
  );
  writeFileSync(
    join(folder, "b.csv"),
    rows(90, (u, v) => [2 + u * u, 3000 * v]),
  );
});

test("--plan prints choices with their reasons and trains nothing", async () => {
  const { code, out } = await dsbm("fit", "a.csv", "b.csv", "--plan", "max_minutes=1", "lr=0.002");
  expect(code).toBe(0);
  expect(out).toMatch(/^sigma=\S+\s+because /m);
  expect(out).toMatch(/^lr=0.002\s+because it was given/m);
  expect(out).toMatch(/time: 1m00s in all/);
  expect(out).not.toMatch(/sliced/);
}, 60_000);

test("a run ends with its table, keeps its choices, and is not trained again", async () => {
  const first = await dsbm("fit", "a.csv", "b.csv", ...few, "--json");
  expect(first.err).toMatch(/sigma=/);
  expect(first.code).toBe(0);
  const { rows: table } = JSON.parse(first.out);
  expect(table.some((row: { metric: string }) => row.metric === "sliced_w2")).toBe(true);
  const run = /experiments\/a_to_b\/\S*/.exec(
    (await dsbm("fit", "a.csv", "b.csv", ...few)).out,
  )?.[0];
  const choices = JSON.parse(
    readFileSync(
      join(folder, (run as string).replace(/\/(samples|report.html)$/, ""), "choices.json"),
      "utf8",
    ),
  );
  expect(choices.find(({ key }: { key: string }) => key === "sigma")).toMatchObject({
    given: false,
  });
  expect(choices.find(({ key }: { key: string }) => key === "data.standardise").value).toBe(
    "columns",
  );
}, 120_000);

test.each([
  [["fit"], /expected SOURCE and TARGET/],
  [["fit", "a.csv"], /data.split_by/],
  [["fit", "a.csv", "none.csv"], /no file or folder none.csv/],
  [["fit", "a.csv", "b.csv", "holdout=c.npy"], /a time for each/],
])(
  "%j is refused in one line",
  async (args, message) => {
    const { code, err } = await dsbm(...args);
    expect(code).not.toBe(0);
    expect(err).toMatch(message);
    expect(err.trim().split("\n")).toHaveLength(1);
  },
  60_000,
);
