// The reference's README commands: they must mean here what they mean there. The tokens are argv, that is after the
// shell, which turns ['b'] into [b].

import { describe, expect, it } from "vitest";
import { test } from "../../src/commands/test.js";
import { resolve } from "../../src/configure.js";
import { benchmark, problems, run, wordsOf } from "./support.js";

describe("dsbm gaussian", () => {
  it.each<[line: string, changes: string[]]>([
    ["dim=5,20,50 model_name=dsb seed=1,2,3,4,5 inner_iters=10000 -m", ["method=dsb_increments"]],
    [
      "dim=5,20,50 model_name=dsbm first_coupling=ind seed=1,2,3,4,5 inner_iters=10000 fb_sequence=[b] -m",
      ["fb_sequence=[b]", "first_coupling=ind"],
    ],
    ["dim=5,20,50 model_name=dsbm seed=1,2,3,4,5 inner_iters=10000 -m", []],
    [
      "dim=5,20,50 model_name=dsbm first_coupling=ind seed=1,2,3,4,5 inner_iters=10000 -m",
      ["first_coupling=ind"],
    ],
    [
      "dim=5,20,50 model_name=rectifiedflow seed=1,2,3,4,5 inner_iters=10000 fb_sequence=[b] -m",
      ["method=rectifiedflow", "fb_sequence=[b]"],
    ],
    ["dim=5,20,50 model_name=sbcfm seed=1,2,3,4,5 inner_iters=10000 -m", ["method=sbcfm"]],
  ])("%s", (line, changes) => {
    const words = line.split(" ");
    const { members } = benchmark(...words);
    const defaults = wordsOf(benchmark().members[0]?.config ?? {});
    const grid = [5, 20, 50].flatMap((dim) => [1, 2, 3, 4, 5].map((seed) => ({ dim, seed })));
    expect(members).toHaveLength(15);
    for (const [i, { dim, seed }] of grid.entries()) {
      const changed = wordsOf(members[i]?.config ?? {}).filter((word) => !defaults.includes(word));
      const own = [...(dim === 5 ? [] : [`data.dim=${dim}`]), `seed=${seed}`];
      expect(changed.sort()).toEqual([...changes, ...own].sort());
    }
  });

  it("takes the list with its quotes too, where the shell leaves them", () => {
    for (const word of ["fb_sequence=['b']", 'fb_sequence=["b"]', "fb_sequence=[b]"])
      expect(benchmark(word).members[0]?.config.fb_sequence, word).toEqual(["b"]);
  });
});

const IMAGES: [line: string, changes: string][] = [
  [
    "num_steps=30 num_iter=5000 method=dbdsb gamma_min=0.034 gamma_max=0.034",
    "gamma_min=0.034 gamma_max=0.034 num_iter=5000",
  ],
  [
    "num_steps=30 num_iter=5000 method=dbdsb first_num_iter=100000 gamma_min=0.034 gamma_max=0.034 first_coupling=ind",
    "first_coupling=ind gamma_min=0.034 gamma_max=0.034 num_iter=5000 first_num_iter=100000",
  ],
  [
    "dataset=downscaler_transfer num_steps=30 num_iter=5000 gamma_min=0.01 gamma_max=0.01 model=DownscalerUNET",
    "gamma_min=0.01 gamma_max=0.01 cdsb=true num_iter=5000 batch_size=4 lr=0.0002 name=downscaler_transfer",
  ],
  [
    "dataset=downscaler_transfer num_steps=30 num_iter=5000 gamma_min=0.01 gamma_max=0.01 model=DownscalerUNET first_coupling=ind",
    "first_coupling=ind gamma_min=0.01 gamma_max=0.01 cdsb=true num_iter=5000 batch_size=4 lr=0.0002 name=downscaler_transfer",
  ],
];

describe("for images", () => {
  it.each(IMAGES)("train %s", (line, changes) => {
    const words = line.split(" ");
    const { members } = run(...words);
    const defaults = wordsOf(run().members[0]?.config ?? {});
    const changed = wordsOf(members[0]?.config ?? {}).filter((word) => !defaults.includes(word));
    expect(members).toHaveLength(1);
    if (line.startsWith("dataset="))
      expect(changed).toEqual(expect.arrayContaining(changes.split(" ")));
    else expect(changed.sort()).toEqual(changes.split(" ").sort());
    expect(members[0]?.config.num_steps).toBe(30);
    expect(members[0]?.words).toEqual(words);
  });

  it.each(IMAGES)("test %s finds the folder of its run", (line) => {
    const words = line.split(" ");
    const extra = "test_ode_sampler=false ode_tol=1e-3 experiments_dir=/tmp/x split=train";
    const more = `${extra} half_iteration=2 threads=1 num_workers=2`.split(" ");
    const [tested] = resolve(test, [...words, ...more]).members;
    expect(tested?.dirname).toBe(run(...words).members[0]?.dirname);
    expect(tested?.config).toMatchObject({ test_ode_sampler: false, ode_tol: 1e-3 });
  });

  it("sweep with -m, groups included, the first list slowest", () => {
    const [[line] = [""]] = IMAGES;
    const { members } = run(...line.split(" "), "first_coupling=ref,ind", "seed=1,2", "-m");
    expect(members.map(({ config }) => `${config.first_coupling} ${config.seed}`)).toEqual([
      "ref 1",
      "ref 2",
      "ind 1",
      "ind 2",
    ]);
    expect(new Set(members.map(({ dirname }) => dirname)).size).toBe(2);
    const methods = run("method=dbdsb,bm", "model=UNET,UNET_small", "-m").members;
    expect(methods.map(({ config, dirname }) => `${config.n_ipf} ${dirname}`)).toEqual([
      "50 method=dbdsb,model=UNET",
      "50 method=dbdsb,model=UNET_small",
      "1 method=bm,model=UNET",
      "1 method=bm,model=UNET_small",
    ]);
    expect(problems("method=dbdsb,bm")[0]).toMatch(/add -m to run them all/);
  });
});
