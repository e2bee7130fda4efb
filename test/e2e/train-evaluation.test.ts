// What an evaluation of `dsbm train` says of its own cost, whose classifier it measures by, and what a report says of it.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { meaningsOf, readCsv, readLogged } from "@dsbm/runs";
import { expect, it } from "vitest";
import { folderIn, scratch, small, succeed, wordsOf } from "./cli.js";
import { quick } from "./train.js";

const root = scratch();

/** A run of points in the plane of about a second. */
const moons = wordsOf(`
  train dataset=moons first_num_iter=20 num_iter=20 num_steps=5 data.n_train=200 data.n_test=100 test_npar=100
  batch_size=32 cache_npar=100 plot_npar=20 threads=1 seed=3
`);

it("each evaluation has its function evaluations and the time a batch", async () => {
  const words = ["plot_level=0", "n_ipf=1", "first_num_iter=2", "metrics.judge=false"];
  const { stdout } = await succeed([...quick, ...words, `experiments_dir=${root}`]);
  const folder = /results: +(.*)\/results\.csv/.exec(stdout)?.[1] ?? "";
  const { rows } = readCsv(join(folder, "results.csv"));
  expect(rows).toHaveLength(2);
  for (const { nfe, n, seconds, seconds_per_batch } of rows) {
    expect([nfe, n]).toEqual([6, 64]);
    // Two batches of 32, and what is measured on them.
    expect(Number(seconds_per_batch)).toBeGreaterThan(0);
    expect(2 * Number(seconds_per_batch)).toBeLessThanOrEqual(Number(seconds));
  }
});

it("a bit that changed in the shared classifier is noticed: it is made again, and metrics are those of an untouched run", async () => {
  const experiments = join(root, "shared");
  const words = ["plot_level=0", "n_ipf=1", "first_num_iter=2", `experiments_dir=${experiments}`];
  const measured = async (...more: string[]) => {
    const { stdout, stderr } = await succeed([...quick, ...words, ...more]);
    const { rows } = readCsv(join(folderIn(stdout), "results.csv"));
    return { stderr, rows: rows.map(({ seconds: _, seconds_per_batch: __, ...row }) => row) };
  };
  const untouched = await measured();
  expect(untouched.rows[0]).toMatchObject({ fid_lenet: expect.any(Number) });
  const path = join(experiments, "classifiers", "synthetic_shapes_1x8.safetensors");
  const bytes = readFileSync(path);
  const damaged = Buffer.from(bytes);
  damaged[damaged.length - 5] = (damaged.at(-5) as number) ^ 0x40;
  writeFileSync(path, damaged);
  const after = await measured("--again");
  const line = `${path} does not match its .sha256: the classifier is trained again`;
  expect(after.stderr).toContain(line);
  expect(after.rows).toEqual(untouched.rows);
  expect(readFileSync(path).equals(bytes)).toBe(true);
  const last = await measured("--again");
  expect(last.stderr).not.toContain(line);
  expect(last.rows).toEqual(untouched.rows);
});

it.each([
  ["vectors", "fid_lenet share kl_full", () => [...moons, "n_ipf=1", "plot_level=0"]],
  ["images", "kl_full floor_diag w2", () => [...quick, "n_ipf=1", "metrics.judge=false"]],
  ["the Gaussian benchmark", "sliced_w2 share w2", () => ["gaussian", ...small, "outer_iters=1"]],
])(
  "the report of %s explains the metrics that it has, and no others",
  async (name, others, words) => {
    const place = `experiments_dir='${join(root, name)}'`;
    const { stdout } = await succeed([...words(), place]);
    const page = readFileSync(join(folderIn(stdout), "report.html"), "utf8");
    const [, training = ""] = /<section id="training">(.*?)<\/section>/s.exec(page) ?? [];
    const all = (pattern: RegExp) =>
      [...training.matchAll(pattern)].map(([, text]) => text as string);
    const columns = new Set(all(/<th scope="col"[^>]*>(.*?)<\/th>/gs));
    const explained = all(/<dt>(.*?)<\/dt>/gs);
    expect(explained.length).toBeGreaterThan(2);
    expect(explained).toEqual(
      [...columns].filter((column) =>
        Object.hasOwn(meaningsOf(readLogged(folderIn(stdout))), column),
      ),
    );
    const text = page.replaceAll(/<[^>]*>/g, " ");
    for (const other of others.split(" ")) expect(text).not.toMatch(new RegExp(`\\b${other}\\b`));
  },
);
