// `fit` of the library: data in memory and in files go the same way as the command's, finished fits
// are opened again, and mistakes are one line.
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { io, rand, setNumThreads, tensor } from "@dsbm/torch";
import { beforeAll, describe, expect, it } from "vitest";
import { type FitOptions, fit } from "../../packages/command/cli/src/index.js";
import { scratch } from "./cli.js";

const root = scratch();
beforeAll(() => setNumThreads(1));

/** Points on a line far from 0, in units of thousands. */
const points = (n: number, far: number) =>
  Array.from({ length: n }, (_, i) => [1000 * Math.sin(i) + far, 2000 * Math.cos(3 * i)]);
const someRows = points(20, 0);
const source = points(60, 0);
const target = tensor(points(70, 5000), { dtype: "float64" });

/** A fit that takes a moment. */
const shortFit = {
  ...{ max_minutes: null, num_iter: 5, first_num_iter: 5, n_ipf: 1, num_steps: 3, batch_size: 8 },
  ...{ test_npar: 5, plot_level: 0, threads: 1, model: { hidden: "8,8" } },
  paths: { data_dir_name: join(root, "data"), experiments_dir_name: join(root, "experiments") },
} satisfies Partial<FitOptions>;

describe("fit", () => {
  it("takes data in memory, keeps them with the run, and opens the run again without training", async () => {
    const said: string[] = [];
    const onProgress: FitOptions["onProgress"] = (progress) =>
      "line" in progress && said.push(progress.line);
    using bridge = await fit({ ...shortFit, source, target, onProgress });
    expect(said.join("\n")).toMatch(/sigma=\S+ +because/);
    expect(bridge.folder).toContain(join(root, "experiments", "memory-"));
    const kept = io.mapNpy(join(bridge.folder, "inputs", "target.npy"));
    expect([kept.dtype, kept.shape]).toEqual(["float64", [70, 2]]);
    const { x } = await bridge.sample(source.slice(0, 3), { seed: 1 });
    // In the data's own units, whatever was learnt in a moment.
    expect(Math.max(...x.flat().map(Math.abs))).toBeGreaterThan(100);
    expect(readFileSync(bridge.report, "utf8")).toMatch(/^<!doctype html>/i);

    const before = statSync(join(bridge.folder, "run.json")).mtimeMs;
    using again = await fit({ ...shortFit, source, target });
    expect(again.folder).toBe(bridge.folder);
    expect(statSync(join(bridge.folder, "run.json")).mtimeMs).toBe(before);
    expect((await again.sample(source.slice(0, 3), { seed: 1 })).x).toEqual(x);
    const other = { ...shortFit, source: points(60, 1), target, folder: bridge.folder };
    await expect(fit(other)).rejects.toThrow(
      /holds a run with another source: give another folder, or again: true to start over$/,
    );
  });

  it("takes files, keeps the names of columns, and saves all when it stops", async () => {
    const csv = (rows: number[][]) => `mass,size\n${rows.map((row) => row.join()).join("\n")}\n`;
    const [a, b] = [join(root, "a.csv"), join(root, "b.csv")];
    writeFileSync(a, csv(source));
    writeFileSync(b, csv(points(70, 5000)));
    const folder = join(root, "stopped");
    const stop = new AbortController();
    const stopping: FitOptions = { ...shortFit, source: a, target: b, folder, signal: stop.signal };
    const onProgress: FitOptions["onProgress"] = (progress) => {
      if ("line" in progress && /trained in/.test(progress.line)) stop.abort(new Error("enough"));
    };
    await expect(fit({ ...stopping, onProgress })).rejects.toThrow("enough");
    expect(readdirSync(join(folder, "checkpoints")).length).toBeGreaterThan(0);
    const choices = () => JSON.parse(readFileSync(join(folder, "choices.json"), "utf8"));
    const before = choices();
    const said: string[] = [];
    using bridge = await fit({
      ...{ ...shortFit, source: a, target: b, folder },
      onProgress: (progress) => "line" in progress && said.push(progress.line),
    });
    expect(said.join("\n")).toContain("resuming from checkpoint");
    expect([bridge.folder, choices()]).toEqual([folder, before]);
  });

  it("shows held-out rows on their way in the data's own units, and trains the same bits", async () => {
    const shown: Parameters<NonNullable<FitOptions["onPaths"]>>[0][] = [];
    const folder = join(root, "shown");
    const onPaths = shown.push.bind(shown);
    using watched = await fit({ ...shortFit, source, target, folder, onPaths });
    using unseen = await fit({ ...shortFit, source, target });
    const weightsOf = (run: typeof watched) =>
      readFileSync(join(run.folder, "models", "1_b.safetensors"));
    expect(weightsOf(watched).equals(weightsOf(unseen))).toBe(true);
    const [{ direction, columns, source: from, target: to, states }] = shown;
    expect([direction, columns]).toEqual(["b", ["c0", "c1"]]);
    expect(states).toHaveLength(4);
    // They start as the held-out rows of the target.
    expect(states[0]).toEqual(to);
    for (let i = 0; i < to.shape[0]; i++) expect(to.data[2 * i]).toBeGreaterThan(3900);
    expect(Math.max(...from.data)).toBeLessThan(2001);
    expect(states.every(({ data }) => data.every(Number.isFinite))).toBe(true);
  });

  it.each([
    [
      { source: rand([3, 4, 5]) },
      /^source has shape \[3, 4, 5\]; expected vectors \[n, d\] or images/,
    ],
    [{ target: undefined }, /^target is undefined; expected a tensor/],
    [{ sigam: 1 }, /unknown key "sigam".*sigma/],
    [{ sigma: "much" }, /^sigma: expected/],
    [
      { batch_size: 30, num_repeat_data: 4 },
      /^batch_size: 30 is no multiple of num_repeat_data: 4, .*: write batch_size: 32$/,
    ],
    [
      { data: { latent: 8 } },
      /^data: \{ latent: 8 \} is for two datasets of images .*: write data: \{ latent: null \}$/,
    ],
    [{ method: "few_steps" }, /^method: "few_steps" learns .*: write dsbm distill RUN steps=/],
    [{ signal: AbortSignal.abort(new Error("stopped while data are read")) }, /^stopped while/],
  ])("refuses %j in one line", async (wrong, message) => {
    const folder = join(root, "refused", "parent", "run");
    const error = await fit({ ...shortFit, source, target, folder, ...wrong } as never).catch(
      (e) => e,
    );
    expect((error as Error).message).toMatch(message);
    expect((error as Error).message).not.toContain("\n");
    expect(existsSync(join(root, "refused"))).toBe(false);
  });

  it("refuses data that cannot be trained on, with a code and the properties to set", async () => {
    const gaps = join(root, "gaps.csv");
    writeFileSync(gaps, "x,y\n1,2\n3,NaN\n4,5\n6,7\n");
    for (const [ends, code, message] of [
      [{ source: join(root, "none.csv"), target }, "missing", /no file or folder .*none.csv/],
      [{ source: [[1], [Number.NaN]], target }, "not_finite", /first in row 1 \(counted from 0\)/],
      [{ source: someRows, target: [[1], [2]] }, "shape", /source has shape \[20, 2\] and target/],
      [{ source: gaps, target: gaps }, "BadTable", /write data: \{ missing: "drop" \} to leave/],
    ] as const)
      await expect(fit({ ...shortFit, ...ends } as FitOptions)).rejects.toMatchObject({
        code,
        message: expect.stringMatching(message),
      });
  });
});
