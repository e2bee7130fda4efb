// A resolved configuration can be written and read, and typed again.
import { describe, expect, it } from "vitest";
import { train } from "../../src/commands/train.js";
import { validate } from "../../src/schema/validate.js";
import { readYaml, writeYaml } from "../../src/tree.js";
import { benchmark, onlyConfig, run, wordsOf } from "./support.js";

describe("a resolved configuration", () => {
  const lines = [
    ["num_steps=30", "method=dbdsb", "first_num_iter=100000", "first_coupling=ind"],
    ["dataset=downscaler_transfer", "gamma_min=0.01", "model=DownscalerUNET"],
    ["dataset=afhq_transfer", "method=dsb", "loss_scale='1/sqrt(gamma)'", "seed=7"],
    ["dataset=mnist_2to3", "method=bm", "model.channel_mult=[1,2]", "data.n_test=14"],
    ["dataset=synthetic", "paths.data_dir_name='/a b'", "checkpoint_minutes=0.5"],
    ["dataset=digits", "test_num_steps=[5,9]", "keep_optimizer=true"],
  ];

  it.each(lines)("of %s … is the same after YAML and JSON, and typed again", (...line) => {
    const [member] = run(...line).members;
    const config = member?.config;
    for (const text of [writeYaml(config ?? {}), JSON.stringify(config)])
      expect(validate(train.schema, readYaml(text), train.check)).toEqual(config);
    const { dataset, method, model } = member?.choices ?? {};
    const typed = wordsOf(config ?? {}).filter((word) => !word.startsWith("method="));
    expect(
      onlyConfig(`dataset=${dataset}`, `method=${method}`, `model=${model}`, ...typed),
    ).toEqual(config);
  });

  it("of the benchmark too, under the schema's names", () => {
    const [member] = benchmark("dim=50", "lr=3e-7", "eps=1e-3", "experiments_dir=/tmp/a b").members;
    expect(member?.config).toMatchObject({ data: { dim: 50 }, lr: 3e-7, eps: 1e-3 });
    expect(benchmark(...wordsOf(member?.config ?? {})).members[0]?.config).toEqual(member?.config);
  });
});
