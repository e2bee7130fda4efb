// The size of the pool of a local sweep: by cores, by processes of a run, by GPUs.
import { afterEach, expect, it, vi } from "vitest";
import { poolFor } from "../src/sweep/local.js";

const members = (n: number, device = "cpu", nproc = 1) =>
  Array.from({ length: n }, () => ({ device, nproc }));

afterEach(() => vi.unstubAllEnvs());

it.each([
  ["20 members on 8 cores", members(20), null, [8, 1, []]],
  ["3 members, which share the cores", members(3), null, [3, 2, []]],
  ["n_jobs=2", members(20), 2, [2, 4, []]],
  ["runs of 3 processes", members(20, "cpu", 3), null, [2, 4, []]],
  ["runs of more processes than cores", members(2, "cpu", 16), null, [1, 8, []]],
  ["device=cuda, a GPU each", members(20, "cuda"), null, [3, 2, [["1"], ["3"], ["GPU-5"]]]],
  ["device=cuda, two GPUs each", members(20, "cuda", 2), null, [1, 8, [["1", "3"]]]],
])("%s", async (_, some, n_jobs, [atOnce, share, gpus]) => {
  vi.stubEnv("DSBM_CORES", "8");
  vi.stubEnv("CUDA_VISIBLE_DEVICES", "1,3,GPU-5");
  expect(await poolFor(some, n_jobs)).toEqual({ atOnce, share, gpus });
});
