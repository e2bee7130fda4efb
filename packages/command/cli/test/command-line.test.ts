// The command line as people expect it: help, configurations, plans, codes, and lines about what may surprise.
import { readYaml } from "@dsbm/config";
import { describe, expect, it } from "vitest";
import { scratch } from "../../../../test/support/scratch.js";
import { wordsOf } from "../../../../test/support/words.js";
import { line } from "./own-line.js";

const root = scratch();

describe("help", () => {
  it("shows the values of a preset, under headings, within the terminal's width, without codes", async () => {
    const columns = Object.getOwnPropertyDescriptor(process.stdout, "columns");
    Object.defineProperty(process.stdout, "columns", { value: 90, configurable: true });
    const { code, stdout } = await line("train", "dataset=synthetic", "--help");
    Object.defineProperty(
      process.stdout,
      "columns",
      columns ?? { value: undefined, configurable: true },
    );
    expect(code).toBe(0);
    expect(stdout).toMatch(/^num_iter +200 /m);
    expect(stdout).toMatch(/^first_num_iter +600 /m);
    for (const heading of ["method", "datasets", "training", "checkpoints"])
      expect(stdout).toMatch(new RegExp(`^${heading}$`, "m"));
    // biome-ignore lint/suspicious/noControlCharactersInRegex: it is what must not be there
    expect(stdout).not.toMatch(/\u001b/);
    const keys = stdout.split("\n").filter((row) => /^(\w+\.)?\w+ {2,}\S+ {2,}/.test(row));
    expect(keys.length).toBeGreaterThan(80);
    expect(Math.max(...stdout.split("\n").map((row) => row.length))).toBeLessThanOrEqual(90);
  });

  it.each([
    ["fit --help=all", /^sigma +chosen from/m, /^lr /m],
    ["train --help", /^num_iter /m],
    [
      "gaussian --help",
      /model_name/,
      /first_coupling/,
      /fb_sequence/,
      /num_steps/,
      /inner_iters +10000/,
    ],
    ["sample --help", /RUN/, /NEW/, /OUT/, /direction/, /ode_tol/, /half_iteration/],
    ["evaluate --help", /holdout/, /^at /m, /metrics/, /split/, /exact/],
    ["test --help", /test_ode_sampler/],
    ["export --help", /license/, /samples/],
  ])("every key of %s is under a heading, if there are any", async (command, ...keys) => {
    const { code, stdout } = await line(...String(command).split(" "));
    expect(code).toBe(0);
    for (const key of keys) expect(stdout).toMatch(key);
    expect(stdout).toMatch(/^key +default +meaning$/m);
    expect(stdout).not.toMatch(/^other keys$/m);
  });

  it("of fit begins with ten keys, and says what the data choose", async () => {
    const { stdout } = await line("fit", "--help");
    expect(stdout.match(/^[\w.]+ +(null|\d+|error|chosen from your data) /gm)).toHaveLength(10);
    expect(stdout).toMatch(/^sigma +chosen from your data/m);
    expect(stdout).toMatch(/dsbm fit --help=all/);
  });
});

it.each([
  ["fti", /unknown command "fti": did you mean "fit"\?/],
  ["fit . . --paln", /unknown option "--paln": did you mean --plan\?/],
  ["evaluate RUN --jsno", /unknown option "--jsno": did you mean --json\?/],
  ["train data.splitby=a", /unknown key "data.splitby": did you mean "data.split_by"\?/],
  ["train split_by=a", /unknown key "split_by": did you mean "data.split_by"\?/],
  ["train datset=moons,gaussian", /unknown key "datset": did you mean "dataset"\?/],
  ["train dataset=moons,gaussian", /gives 2 values: add -m/],
  ["train method=dsmb", /did you mean "dsbm"\?/],
  ["sample R a b data.where=x", /^dsbm: data.where is an option of training, .* or write where=… /],
  ["annotate R a b data.na=-1,-2", /data.na is an option of training, .* or write na=… \(/],
  ["evaluate R data.where=x", /data.where is an option of training, .*: leave it out$/m],
  ["compare a b data.exclude=x,y", /data.exclude is an option of .* or write exclude=… \(/],
])("dsbm %s names the option to write instead", async (words, message) => {
  const { code, stderr } = await line(...words.split(" "));
  expect([code, stderr]).toEqual([2, expect.stringMatching(message)]);
});

describe("--cfg", () => {
  it("prints the whole configuration as YAML, as Hydra does, and stops", async () => {
    const { code, stdout, stderr } = await line("train", "dataset=moons", "--cfg", "job", "lr=0.5");
    expect([code, stderr]).toEqual([0, ""]);
    const config = readYaml(stdout, "stdout");
    expect(config).toMatchObject({ lr: 0.5, Dataset_transfer: "moons", model: { name: "MLP" } });
    const both = await line("gaussian", "dim=2,3", "-m", "--cfg");
    expect(both.stdout.split("---\n").map((text) => readYaml(text, "stdout").data)).toMatchObject([
      { dim: 2 },
      { dim: 3 },
    ]);
  });
});

describe("how long a run is", () => {
  const few =
    wordsOf(`dataset=moons num_iter=6 num_steps=4 data.n_train=64 data.n_test=32 test_npar=32 cache_npar=32
    batch_size=16 model.hidden=[8,8] threads=1 n_ipf=2 plot_level=0 log_every=2`);

  it("is printed at its start", async () => {
    const { code, stderr } = await line("train", ...few, `experiments_dir=${root}`);
    expect(code).toBe(0);
    expect(stderr).toMatch(/^4 half-iterations, 24 steps in all$/m);
  });
});
