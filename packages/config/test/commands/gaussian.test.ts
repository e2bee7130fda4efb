// biome-ignore-all lint/suspicious/noTemplateCurlyInString: ${…} is the syntax under test
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { gaussian, gaussianEps } from "../../src/commands/gaussian.js";
import { resolve } from "../../src/resolve.js";
import { helpEntries } from "../../src/schema/help.js";
import { readYaml, writeYaml } from "../../src/tree/yaml.js";
import { printOverride } from "../../src/words/override.js";
import { thrown } from "../thrown.js";

const dirs = [fileURLToPath(new URL("../../../../conf", import.meta.url))];
const run = (...words: string[]) => resolve(gaussian, words, { dirs });
const problems = (...words: string[]) => thrown(() => run(...words)).problems;

describe("the Gaussian benchmark", () => {
  it("has the published defaults, with and without the preset file", () => {
    const expected = {
      model_name: "dsbm",
      first_coupling: "ref",
      fb_sequence: ["b", "f"],
      net_name: "mlp_large",
      dim: 5,
      a: 0.1,
      sigma: 1,
      num_steps: 20,
      test_num_steps: 100,
      inner_iters: 10_000,
      outer_iters: 40,
      batch_size: 128,
      lr: 1e-4,
      lr_schedule: null,
      optimizer: "Adam",
      weight_decay: 0,
      grad_clip: null,
      ema_rate: 0.999,
      eps: null,
      coupling: null,
      n_train: 10_000,
      n_test: 10_000,
      seed: 42,
      threads: "auto",
      device: "cpu",
      nproc: 1,
      share_batch: "auto",
      accumulate: 1,
      bucket_cap_mb: 25,
      exchange_dtype: null,
      dist_timeout: 600,
      log_every: 100,
      experiments_dir: "experiments",
    };
    expect(run().members.map((member) => member.config)).toEqual([expected]);
    expect(resolve(gaussian, []).members[0]?.config).toEqual(expected);
    expect(run().members[0]?.dirname).toBe("defaults");
  });

  it("round-trips through YAML, JSON and the command line", () => {
    const words = ["dim=50", "lr=3e-7", "eps=1e-3", "threads=2", "experiments_dir=/tmp/a b"];
    const config = run(...words).members[0]?.config;
    expect(config).toMatchObject({ dim: 50, lr: 3e-7, eps: 1e-3, threads: 2 });
    const plain = readYaml(writeYaml(config ?? {}));
    expect(plain).toEqual(config);
    expect(readYaml(JSON.stringify(config))).toEqual(config);
    const typed = Object.entries(plain).map(([key, value]) =>
      printOverride({ kind: "set", key, values: [value], sweep: false }),
    );
    expect(run(...typed).members[0]?.config).toEqual(config);
  });

  it("explains every key in --help", () => {
    expect(run("--help", "dim=5")).toMatchObject({ help: true, multirun: false, members: [] });
    for (const entry of helpEntries(gaussian.schema)) {
      expect(entry.meaning, entry.key).toMatch(/^[^(].+ \(.+\)$/);
    }
  });

  it("knows the margin of the times", () => {
    expect(gaussianEps({ eps: null, model_name: "dsbm" })).toBe(1e-3);
    expect(gaussianEps({ eps: null, model_name: "rectifiedflow" })).toBe(0);
    expect(gaussianEps({ eps: 0.01, model_name: "rectifiedflow" })).toBe(0.01);
  });

  it.each([
    ["inner_iter=5", 'unknown key "inner_iter": did you mean "inner_iters"?'],
    ["dim=0", "dim: expected an integer >= 1, got 0; write for example dim=5"],
    ["dim=-5", "dim: expected an integer >= 1, got -5; write for example dim=5"],
    ["lr=nan", "lr: expected a finite number > 0, got nan; write for example lr=0.0001"],
    ["lr=1e999", "lr: expected a finite number > 0, got inf; write for example lr=0.0001"],
    [
      "eps=0.5",
      "eps: expected a finite number >= 0 and < 0.5 or null, got 0.5; write for example eps=0.001",
    ],
    [
      "fb_sequence=[]",
      "fb_sequence: expected a non-empty list, each item b or f, got []; write for example fb_sequence=[b,f]",
    ],
    [
      "threads=0",
      "threads: expected auto or an integer >= 1, got 0; write for example threads=auto",
    ],
    [
      "device=gpu",
      'device: expected text such as cpu, cuda, cuda:1, got "gpu"; write for example device=cpu',
    ],
    [
      "experiments_dir=",
      'experiments_dir: expected non-empty text, got ""; write for example experiments_dir=experiments',
    ],
  ])("refuses %s", (word, line) => {
    expect(problems(word)).toEqual([line]);
  });

  it.each([
    [["batch_size=300", "n_train=200"], /batch_size=300 is more than n_train=200/],
    [["dim=50", "n_test=50"], /n_test=50 is too few .* write n_test=51/],
    [["eps=0"], /eps=0 makes the target of dsbm infinite/],
    [["coupling=exact"], /write first_coupling=ind/],
    [["coupling=exact", "model_name=dsb"], /dsb makes its own pairs/],
  ])("refuses %j together", (words, message) => {
    expect(problems(...words)).toHaveLength(1);
    expect(problems(...words)[0]).toMatch(message);
  });

  it("accepts what those checks must let through", () => {
    expect(run("eps=0", "model_name=rectifiedflow").members).toHaveLength(1);
    expect(run("coupling=exact", "first_coupling=ind").members).toHaveLength(1);
    expect(run("batch_size=200", "n_train=200", "n_test=6").members).toHaveLength(1);
  });

  it("reports the problems of all members before any runs, each once", () => {
    expect(problems("dim=5,0,abc", "seed=1,2,3", "-m", "lrr=1")).toEqual([
      'unknown key "lrr": did you mean "lr"?',
      "dim: expected an integer >= 1, got 0; write for example dim=5",
      'dim: expected an integer >= 1, got "abc"; write for example dim=5',
    ]);
  });

  it("resolves references between keys", () => {
    expect(run("test_num_steps=${num_steps}", "num_steps=7").members[0]?.config).toMatchObject({
      test_num_steps: 7,
    });
    expect(problems("num_steps=${num_step}")[0]).toContain('did you mean "num_steps"?');
  });
});
