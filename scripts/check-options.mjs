// `npm run check:options [-- METHOD …]`: each option of a training changes the weights of a method, is refused, or is said to change
// nothing. The data are two small tables.
import { createHash } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { factsNamed, methodsWith } from "@dsbm/bridge/facts";
import { ConfigError, completeTrain, configure, train, unusedOptions } from "@dsbm/config";
import { openDatasets } from "@dsbm/datasets";
import { trainingProblem } from "@dsbm/problem";
import { silentProgress } from "@dsbm/runs";
import { setNumThreads } from "@dsbm/torch";
import { Training } from "@dsbm/train";
import { source } from "./fuzz/random.mjs";

/** Two or more values of an option, of which no two may train the same weights. */
const optionValues = {
  n_ipf: [1],
  num_iter: [16],
  first_num_iter: [8],
  num_steps: [8],
  eps: [0.05],
  time_sampling: ["schedule", "mixed"],
  step_variance: ["bridge"],
  batch_size: [24],
  num_repeat_data: [2],
  dtype: ["bfloat16"],
  simulate_dtype: ["bfloat16"],
  optimizer: ["AdamW"],
  lr: [5e-3],
  lr_schedule: ["cosine"],
  lr_warmup: [5],
  weight_decay: [0.2],
  loss_reduction: ["sum"],
  grad_clipping: [false],
  grad_clip: [0.01],
  ema: [false],
  ema_rate: [0.9],
  ema_warmup: [true],
  use_prev_net: [false],
  keep_optimizer: [true, false],
  cache: ["epoch"],
  last_noise: [true],
  cache_npar: [100],
  cache_batch_size: [50],
  cache_refresh_stride: [4],
  cache_num_steps: [5],
  online_cache: [true],
  precondition: [true],
  shortcut: [true],
  mean_match: [true],
  loss_scale: [false],
  std_trick: [true],
  sigma: [1.1],
  gamma_min: [0.01],
  gamma_max: [0.3],
  symmetric_gamma: [true],
  sde: ["vp"],
  first_coupling: ["ref"],
  first_pass: [0],
  ot_sampler: ["exact", "sinkhorn"],
  ot_rows: [64],
  interpolant: ["metric"],
  path_noise: [0.1],
  match_moments: [true],
  match_conditions: [true],
  mixture_components: [7],
  mixture_spread: [0.3],
  mass: [[1, 2]],
  mass_penalty: [1],
  delta: [1],
  growth_coupling: ["vgfm"],
  ot_penalty: [2],
  langevin_scale: [2],
  "model.hidden": ["8,8"],
  "model.time_frequencies": [4],
};

/** Options with an effect on samples alone, which no method takes for its training. */
const ofSamples = new Set(["last_noise", "step_variance", "num_steps", "simulate_dtype"]);

/** The effects of an option, in the order in which one of its values decides. */
const effectOrder = ["wrongly said", "changes", "said", "silent", "refused"];

const tinyRun = {
  name: "options",
  model: "MLP",
  "model.hidden": "16,16",
  transfer: true,
  first_coupling: "ind",
  n_ipf: 2,
  num_iter: 12,
  num_steps: 10,
  batch_size: 32,
  cache_refresh_stride: 6,
  lr: 1e-2,
  // AdamW is Adam without weight decay, and gradients below the limit are not clipped.
  weight_decay: 0.1,
  grad_clip: 0.02,
  sigma: 0.8,
  mixture_components: 5,
  threads: 1,
};

/** Options of a method that learns from a trained run. */
const taughtRun = { teacher: "a run", num_steps: 4 };

/** Trains tiny runs between two tables of random rows in a folder of its own. */
export class OptionTrials {
  #folder = mkdtempSync(join(tmpdir(), "dsbm-options-"));
  #tables = {};

  constructor() {
    for (const [key, rows, mean] of [
      ["Dataset", 150, 0],
      ["Dataset_transfer", 140, 1],
    ]) {
      const { next, many } = source(1, mean);
      const row = () => [next() + mean, 2 * next(), next() * (1 + mean)].join(",");
      const path = join(this.#folder, `${key}.csv`);
      writeFileSync(path, `${["a,b,c", ...many(rows, row)].join("\n")}\n`);
      this.#tables[key] = `table:${path}`;
    }
  }

  /** The checked configuration of a method with these overrides. */
  config(method, overrides) {
    const isTaught = factsNamed(method).simulation === "teacher";
    const all = { ...tinyRun, ...this.#tables, ...(isTaught && taughtRun), method, ...overrides };
    return completeTrain(configure(train, all).config);
  }

  /** A training, for whom `teacher` is the bridge to learn from. */
  #training(config, datasets, teacher) {
    const cacheFolder = join(this.#folder, "cache");
    return new Training(trainingProblem(config, datasets, { cacheFolder, teacher }));
  }

  /** The trained bridge between the datasets in closed form, if a configuration learns from one. */
  async #teacherOf({ teacher }, datasets) {
    if (teacher === null) return null;
    const training = this.#training(this.config("gaussian_bridge", {}), datasets, null);
    for await (const _ of training.run());
    return training;
  }

  /** A hash of the weights and averages after training. */
  async weights(config) {
    setNumThreads(1);
    const datasets = await openDatasets(config, { progress: silentProgress });
    const teacher = await this.#teacherOf(config, datasets);
    const training = this.#training(config, datasets, teacher?.sampler ?? null);
    const hash = createHash("sha1");
    try {
      for await (const _ of training.run());
      for (const models of [training.state.networks, training.state.samplers])
        for (const network of Object.values(models))
          for (const tensor of network.stateDict().values())
            hash.update(Float64Array.from(tensor.toNumbers()));
    } finally {
      training.dispose();
      teacher?.dispose();
      datasets.dispose();
    }
    return hash.digest("hex");
  }

  /** What an option does in a method: `changes`, `refused`, `said` to change nothing, or `silent`. */
  async effectOf(method, key, base) {
    const effects = [];
    for (const value of optionValues[key]) {
      const config = this.#taken(method, { [key]: value });
      if (!config) {
        effects.push("refused");
        continue;
      }
      const isSame = (await this.weights(config)) === base;
      const isSaid = Object.hasOwn(unusedOptions(config, [key]), key);
      if (!isSame) effects.push(isSaid ? "wrongly said" : "changes");
      else effects.push(isSaid ? "said" : "silent");
    }
    return effectOrder.find((effect) => effects.includes(effect));
  }

  /** The options that a method takes and that are said to change nothing in it, all at once. */
  saidOptions(method) {
    const said = Object.keys(unusedOptions(this.config(method, {}), Object.keys(optionValues)));
    const values = said.map((key) => [key, optionValues[key][0]]);
    return Object.fromEntries(
      values.filter(([key, value]) => this.#taken(method, { [key]: value })),
    );
  }

  /** The configuration, or null if it is refused. */
  #taken(method, overrides) {
    try {
      return this.config(method, overrides);
    } catch (error) {
      if (error instanceof ConfigError) return null;
      throw error;
    }
  }

  /** Removes the tables. */
  [Symbol.dispose]() {
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

async function main() {
  const trials = new OptionTrials();
  const chosen = process.argv.length > 2 ? process.argv.slice(2) : methodsWith(() => true);
  let wrong = 0;
  try {
    for (const method of chosen) {
      const base = await trials.weights(trials.config(method, {}));
      const found = { changes: [], refused: [], said: [], silent: [], "wrongly said": [] };
      for (const key of Object.keys(optionValues)) {
        const effect = await trials.effectOf(method, key, base);
        found[effect].push(key);
      }
      const silent = found.silent.filter((key) => !ofSamples.has(key));
      const bad = [...silent, ...found["wrongly said"]];
      wrong += bad.length;
      console.log(
        `${method}: ${found.changes.length} options change its weights, ${found.refused.length} are refused, ${found.said.length} are said to change nothing${bad.length > 0 ? `; wrong: ${bad.join(", ")}` : ""}`,
      );
    }
  } finally {
    trials[Symbol.dispose]();
  }
  process.exitCode = wrong === 0 ? 0 : 1;
}

if (process.argv[1] === import.meta.filename) await main();
