// The size of the pool: by cores, by processes of a run, by GPUs.
import { afterEach, expect, it, vi } from "vitest";
import { poolFor } from "../src/sweep/local.js";

const members = (n: number, device = "cpu", nproc = 1) =>
  Array.from({ length: n }, () => ({ device, nproc }));

afterEach(() => vi.unstubAllEnvs());

it("has as many places as there are cores, which members share", async () => {
  vi.stubEnv("DSBM_CORES", "8");
  expect(await poolFor(members(20), null)).toEqual({ atOnce: 8, share: 1, gpus: [] });
  expect(await poolFor(members(3), null)).toEqual({ atOnce: 3, share: 2, gpus: [] });
  expect(await poolFor(members(20), 2)).toEqual({ atOnce: 2, share: 4, gpus: [] });
});

it("has fewer places for runs of several processes", async () => {
  vi.stubEnv("DSBM_CORES", "8");
  expect(await poolFor(members(20, "cpu", 3), null)).toMatchObject({ atOnce: 2, share: 4 });
  expect(await poolFor(members(2, "cpu", 16), null)).toMatchObject({ atOnce: 1, share: 8 });
});

it("has a place for each GPU with device=cuda, none of which two members share", async () => {
  vi.stubEnv("DSBM_CORES", "8");
  vi.stubEnv("CUDA_VISIBLE_DEVICES", "1,3,GPU-5");
  const single = await poolFor(members(20, "cuda"), null);
  expect(single).toEqual({ atOnce: 3, share: 2, gpus: [["1"], ["3"], ["GPU-5"]] });
  const double = await poolFor(members(20, "cuda", 2), null);
  expect(double).toEqual({ atOnce: 1, share: 8, gpus: [["1", "3"]] });
});

it("leaves members alone that name their GPU", async () => {
  vi.stubEnv("DSBM_CORES", "8");
  const pool = await poolFor([...members(4, "cuda:0"), ...members(4, "cuda:1")], null);
  expect(pool).toEqual({ atOnce: 2, share: 4, gpus: [] });
});
