// Why: a method is a set of facts that belong together; facts that contradict each other would
// train something that has no name.

import { formulaProblems } from "./langevin.js";
import type { TrainConfig } from "./schema.js";

/** Problems of the method's keys, one line each; `preset` is the method=… that was chosen, if any was. */
export function methodProblems(config: TrainConfig, preset: string | null): string[] {
  return [
    ...scheduleProblems(config),
    ...presetProblems(config, preset),
    ...couplingProblems(config),
    ...dsbProblems(config),
  ];
}

function scheduleProblems(config: TrainConfig): string[] {
  const { gamma_min, gamma_max, symmetric_gamma, num_steps, eps, method, sigma } = config;
  const problems: string[] = [];
  if (eps === 0 && (method === "dsbm" || method === "sbcfm")) {
    problems.push(`eps=0 makes the target of ${method} infinite: write eps=1e-3 or leave it out`);
  }
  if (sigma !== null) return problems;
  if (gamma_min > gamma_max) {
    problems.push(
      `gamma_min=${gamma_min} is more than gamma_max=${gamma_max}: ` +
        "write the smaller one as gamma_min, or the same number twice for constant steps",
    );
  }
  // Half a schedule and its mirror image have an even number of steps; the odd one would be lost.
  if (symmetric_gamma && num_steps % 2 !== 0) {
    problems.push(
      `symmetric_gamma=true mirrors half of the schedule, which num_steps=${num_steps} has no half ` +
        `of: write num_steps=${num_steps + 1} or symmetric_gamma=false`,
    );
  }
  return problems;
}

/** What a preset is would be another method with other values of these keys. */
function presetProblems(config: TrainConfig, preset: string | null): string[] {
  const { first_coupling, n_ipf } = config;
  const problems: string[] = [];
  if (["rf", "otcfm", "bm"].includes(preset ?? "") && first_coupling === "ref") {
    problems.push(
      `method=${preset} is trained on independent pairs, got first_coupling=ref: ` +
        "leave first_coupling out, or write method=dbdsb for the reference process",
    );
  }
  if (preset === "bm" && n_ipf > 1) {
    problems.push(
      `method=bm is one iteration, got n_ipf=${n_ipf}: leave n_ipf out, ` +
        "or write method=dbdsb first_coupling=ind to iterate it",
    );
  }
  return problems;
}

function couplingProblems(config: TrainConfig): string[] {
  const { method, first_coupling, ot_sampler } = config;
  const problems: string[] = [];
  if (ot_sampler !== null && (method === "dsb_increments" || method === "sbcfm")) {
    problems.push(
      `ot_sampler=${ot_sampler} does not apply: ${method} makes its own pairs; leave it out`,
    );
  }
  if (ot_sampler !== null && first_coupling === "ref" && method === "dsbm") {
    problems.push(
      `ot_sampler=${ot_sampler} pairs independent points, but first_coupling=ref has none: ` +
        "write first_coupling=ind",
    );
  }
  if (config.match_conditions) problems.push(...matchingProblems(config));
  return problems;
}

/** Where nothing pairs independently the key is let pass: presets of data have it for the methods that do. */
function matchingProblems({ ot_sampler, cdsb, model }: TrainConfig): string[] {
  const problems: string[] = [];
  if (ot_sampler !== null) {
    problems.push(
      `match_conditions=true pairs by condition what ot_sampler=${ot_sampler} pairs by distance: ` +
        "write match_conditions=false or ot_sampler=null",
    );
  }
  if (!cdsb && !(model.name === "UNET" && model.class_cond)) {
    problems.push(
      "match_conditions=true needs conditions: write cdsb=true or model.class_cond=true",
    );
  }
  return problems;
}

function dsbProblems(config: TrainConfig): string[] {
  const { method, loss_scale, langevin_scale, var_final_gamma_scale } = config;
  if (method === "dsb") return [...formulaProblems(config), ...discreteProblems(config)];
  const problems: string[] = [];
  if (typeof loss_scale !== "boolean") {
    problems.push(
      `loss_scale=${JSON.stringify(loss_scale)} is a weight of its own, which only method=dsb takes: ` +
        "write loss_scale=true or loss_scale=false",
    );
  }
  if (langevin_scale !== null) {
    problems.push(
      `langevin_scale=${langevin_scale} belongs to method=dsb, got method=${method}: leave it out`,
    );
  }
  if (var_final_gamma_scale) {
    problems.push(
      `var_final_gamma_scale=true belongs to method=dsb, got method=${method}: leave it out`,
    );
  }
  return problems;
}

/** Keys of continuous time that the discrete process has no place for. */
function discreteProblems(config: TrainConfig): string[] {
  const { num_steps, ot_sampler, std_trick, num_repeat_data, normalize_x1 } = config;
  const problems: string[] = [];
  for (const key of ["test_num_steps", "cache_num_steps"] as const) {
    const steps = [config[key] ?? num_steps].flat();
    if (steps.every((count) => count === num_steps)) continue;
    problems.push(
      `${key}=${steps}, but method=dsb learns the num_steps=${num_steps} steps one by one and has no ` +
        `others: leave ${key} out`,
    );
  }
  // first_coupling=ind is let pass: presets of data have it for the other methods, and nothing here reads it.
  if (ot_sampler !== null) {
    problems.push(
      `ot_sampler=${ot_sampler} pairs independent points, but method=dsb starts from its reference: ` +
        "leave ot_sampler out",
    );
  }
  if (std_trick) {
    problems.push(
      "std_trick=true divides by the deviation of a bridge, which method=dsb has none of: " +
        "leave std_trick out, or write langevin_scale=…",
    );
  }
  if (num_repeat_data > 1) {
    problems.push(
      `num_repeat_data=${num_repeat_data} gives each pair fresh times, but rows of method=dsb have ` +
        "their own: leave num_repeat_data out",
    );
  }
  if (normalize_x1) {
    problems.push(
      "normalize_x1=true standardises simulated pairs, but method=dsb trains on the steps between: " +
        "leave normalize_x1 out",
    );
  }
  return problems;
}
