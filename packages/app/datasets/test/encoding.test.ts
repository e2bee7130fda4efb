// Images as latent maps: the autoencoder that is trained once, kept in a run and read again.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { silentProgress } from "@dsbm/runs";
import { setNumThreads, type Tensor } from "@dsbm/torch";
import { beforeAll, describe, expect, it } from "vitest";
import { trainConfig } from "../../../../test/support/problem.js";
import { scratch } from "../../../../test/support/scratch.js";
import { trainingEndpoints } from "../src/datasets.js";
import { encodeDatasets, openEncodedDatasets, readEncoding } from "../src/encoding.js";

const folder = scratch();
const configWith = (...words: string[]) =>
  trainConfig(
    ...["dataset=synthetic", "data.image_size=8", "data.n_train=24", "data.n_test=8"],
    ...["data.latent=2", "data.latent_steps=3", ...words],
  );
const openedIn = (place?: string, isResumed = true) =>
  openEncodedDatasets(configWith(), { progress: silentProgress, folder: place, isResumed });
const numbersOf = (rows: Tensor) => rows.toNumbers();

beforeAll(() => setNumThreads(1));

describe("encoded images", () => {
  it("are latent maps in training, and images in evaluations", async () => {
    const datasets = await openedIn();
    expect(trainingEndpoints(datasets).x0.shape).toEqual([24, 2, 2, 2]);
    expect(datasets.x0.test.shape).toEqual([8, 1, 8, 8]);
    expect(datasets.shape).toEqual([1, 8, 8]);
    expect(await encodeDatasets(datasets, configWith(), { progress: silentProgress })).toBe(
      datasets,
    );
    datasets.dispose();
  });

  it("are the same with the autoencoder of a resumed run", async () => {
    const datasets = await openedIn();
    const bytes = datasets.encoding?.toBytes({}) as Uint8Array;
    writeFileSync(join(folder, "autoencoder.safetensors"), bytes);
    const again = await openedIn(folder);
    expect(Buffer.compare(again.encoding?.toBytes({}) as Uint8Array, bytes)).toBe(0);
    const [before, after] = [datasets, again].map((one) => numbersOf(trainingEndpoints(one).x1));
    before?.forEach((value, i) => void expect(after?.[i]).toBeCloseTo(value, 4));
    for (const one of [datasets, again]) one.dispose();
  });

  it("have an autoencoder of fewer steps if its time is up", async () => {
    const lines: string[] = [];
    const progress = { ...silentProgress, line: (text: string) => void lines.push(text) };
    const config = configWith("data.latent_steps=60");
    (await openEncodedDatasets(config, { progress, deadline: 0, isResumed: false })).dispose();
    expect(lines).toEqual(["the autoencoder ends after 25 of 60 steps: its time is up"]);
  });

  it("stop with a signal, and refuse a missing autoencoder and one of other images", async () => {
    const signal = AbortSignal.abort(new Error("stopped"));
    const work = { progress: silentProgress, signal };
    await expect(openEncodedDatasets(configWith(), { ...work, isResumed: false })).rejects.toThrow(
      "stopped",
    );
    expect(() => readEncoding(join(folder, "gone"), configWith())).toThrow(/is not there/);
    expect(() => readEncoding(folder, configWith("data.latent=3"))).toThrow(
      /is no autoencoder of these images \(.*expected \[3/,
    );
    expect(readEncoding(folder, configWith("data.latent=null"))).toBeNull();
  });
});
