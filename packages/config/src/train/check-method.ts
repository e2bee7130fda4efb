// Why: a method is a set of facts that belong together; facts that contradict each other would
// train something that has no name.

import type { TrainConfig } from "./schema.js";

/** Problems of the method's keys, one line each. */
export function methodProblems(config: TrainConfig): string[] {
  return [...scheduleProblems(config), ...couplingProblems(config), ...dsbProblems(config)];
}

function scheduleProblems(config: TrainConfig): string[] {
  const { gamma_min, gamma_max, symmetric_gamma, num_steps } = config;
  const problems: string[] = [];
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

function couplingProblems(config: TrainConfig): string[] {
  const { method, first_coupling, ot_sampler, n_ipf } = config;
  const problems: string[] = [];
  const flow = method === "rf" || method === "otcfm";
  if ((flow || method === "bm") && first_coupling === "ref") {
    problems.push(
      `method=${method} is trained on independent pairs, got first_coupling=ref: ` +
        "leave first_coupling out, or write method=dbdsb for the reference process",
    );
  }
  if (method === "bm" && n_ipf > 1) {
    problems.push(
      `method=bm is one iteration, got n_ipf=${n_ipf}: leave n_ipf out, ` +
        "or write method=dbdsb first_coupling=ind to iterate it",
    );
  }
  if (ot_sampler !== null && first_coupling === "ref" && !flow && method !== "bm") {
    problems.push(
      `ot_sampler=${ot_sampler} pairs independent points, but first_coupling=ref has none: ` +
        "write first_coupling=ind",
    );
  }
  return problems;
}

function dsbProblems(config: TrainConfig): string[] {
  const { method, loss_scale, langevin_scale, var_final_gamma_scale } = config;
  if (method === "dsb") return [];
  const problems: string[] = [];
  if (typeof loss_scale === "string") {
    problems.push(
      `loss_scale=${JSON.stringify(loss_scale)} is an expression, which only method=dsb takes: ` +
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
