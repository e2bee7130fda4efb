import { factsNamed, type MethodFacts } from "@dsbm/bridge/facts";
import { printValue } from "../tree.js";
import { hasTransport, isConditional, type Line, optionLines } from "./check-options.js";
import { conditionColumn, hasRowCondition } from "./data.js";
import { checkFormulas } from "./langevin.js";
import { takesVectors } from "./model.js";
import type { TrainConfig } from "./train.js";

/** Returns a line for each option that the method, or another option, does not take. */
export function methodProblems(config: TrainConfig): Line[] {
  const facts = factsNamed(config.method);
  return [
    ...optionLines(config, facts),
    ...scheduleLines(config, facts),
    ...couplingLines(config, facts),
    ...dataLines(config, facts),
    ...conditionLines(config),
    ...(facts.discreteSteps ? discreteLines(config) : []),
    ...teacherLines(config, facts),
  ];
}

function scheduleLines(config: TrainConfig, { onlyBrownian }: MethodFacts): Line[] {
  const { sigma, gamma_min, gamma_max, symmetric_gamma, num_steps, sde, method } = config;
  const { precondition, step_variance, mean_match, std_trick } = config;
  const brownian = [
    onlyBrownian && `method=${method}`,
    precondition && `precondition=${precondition}`,
    step_variance === "analytic" && "step_variance=analytic",
  ];
  return [
    sigma === null &&
      gamma_min > gamma_max &&
      `gamma_min=${gamma_min} is more than gamma_max=${gamma_max}: write the smaller one as gamma_min, or the same number twice for constant steps`,
    sigma === null &&
      symmetric_gamma &&
      num_steps % 2 !== 0 &&
      `symmetric_gamma=true mirrors half of the schedule, which num_steps=${num_steps} has no half of: write num_steps=${num_steps + 1} or symmetric_gamma=false`,
    ...brownian.map(
      (option) =>
        sde === "vp" && option && `${option} is for Brownian motion, got sde=vp: write sde=ve`,
    ),
    precondition &&
      (mean_match || std_trick) &&
      `precondition=${precondition} sets the network's output, got ${mean_match ? "mean_match" : "std_trick"}=true: leave either out`,
  ];
}

function couplingLines(config: TrainConfig, facts: MethodFacts): Line[] {
  const { method, first_coupling, ot_sampler, pairs, transfer } = config;
  const { mass, mass_penalty, weights, birth, death, interpolant, step_variance, data } = config;
  const isSpline = interpolant === "spline";
  return [
    isSpline &&
      [pairs, birth, death, conditionColumn(data)].some((option) => option !== null) &&
      "interpolant=spline joins rows of all datasets, and takes neither pairs nor a condition nor birth and death, which belong to rows of two datasets: write interpolant=straight or metric, or leave them out",
    isSpline &&
      facts.takes.options.includes("interpolant=spline") &&
      !hasTransport(config) &&
      "interpolant=spline joins rows by transport, got ot_sampler=null: write method=otcfm, or ot_sampler=exact",
    interpolant !== "straight" &&
      step_variance === "analytic" &&
      `interpolant=${interpolant} has no noise of straight bridges: leave step_variance=analytic out`,
    facts.takes.options.includes("mass_penalty") &&
      mass !== null &&
      mass_penalty === null &&
      `mass=${printValue(mass)} needs a method whose mass grows: write mass_penalty=1, or method=wfr`,
    pairs !== null &&
      weights !== null &&
      `weights=${weights} draws rows again, and pairs=${pairs} names rows of the file: leave either out`,
    ot_sampler !== null &&
      first_coupling !== "ind" &&
      facts.firstCoupling &&
      `ot_sampler=${ot_sampler} pairs independent points, but first_coupling=${first_coupling} has none: write first_coupling=ind`,
    (facts.mass || mass_penalty !== null) &&
      !transfer &&
      `method=${method} moves mass between two datasets, but transfer=false has a Gaussian at time 1: write transfer=true`,
    pairs !== null &&
      !transfer &&
      `pairs=${pairs} pairs rows of two datasets, but transfer=false has a Gaussian at time 1: write transfer=true or leave pairs out`,
  ];
}

function dataLines(config: TrainConfig, { takes, closedForm, drawsPlan }: MethodFacts): Line[] {
  const { method, model, data } = config;
  return [
    data.crop !== null &&
      (closedForm || drawsPlan) &&
      `method=${method} trains no network on parts, got data.crop=${data.crop}: leave data.crop out`,
    !takes.images &&
      !takesVectors(model) &&
      `method=${method} is for vectors, got model.name=${model.name}: write model=MLP, or method=dsbm for images`,
    !takes.conditions &&
      (isConditional(config) || config.data.static !== null) &&
      `method=${method} is a closed form, which takes no condition: write method=dsbm, or leave the condition out${config.data.season || config.data.static !== null ? " (data.season, data.static)" : ""}`,
  ];
}

/**
 * match_conditions is accepted without independent pairs: presets set it for methods with
 * independent pairs.
 */
function conditionLines(config: TrainConfig): Line[] {
  const { match_conditions, cdsb, data, ot_sampler, precondition } = config;
  const { shortcut, condition_dropout } = config;
  return [
    match_conditions === true &&
      cdsb &&
      ot_sampler !== null &&
      `match_conditions=true pairs fields of one condition, which leaves ot_sampler=${ot_sampler} nothing to pair: write match_conditions=false or ot_sampler=null`,
    precondition === "mixture" &&
      (cdsb || hasRowCondition(data)) &&
      "precondition=mixture takes no condition: write precondition=true, or leave the condition out",
    shortcut &&
      condition_dropout > 0 &&
      `shortcut=true learns steps of one flow, and guidance changes the flow, got condition_dropout=${condition_dropout}: leave either out`,
  ];
}

function teacherLines(config: TrainConfig, { simulation, dividesSteps }: MethodFacts): Line[] {
  const { method, teacher, num_steps, sigma, test_num_steps } = config;
  const isTaught = simulation === "teacher";
  const odd = [test_num_steps].flat().find((steps) => num_steps % (steps ?? num_steps) !== 0);
  return [
    isTaught &&
      teacher === null &&
      `method=${method} learns from a trained run: write dsbm distill RUN steps=${num_steps}`,
    !isTaught &&
      sigma === 0 &&
      `sigma=0 is no bridge with noise: write a positive number, or method=otcfm for a flow`,
    dividesSteps &&
      odd !== undefined &&
      `test_num_steps=${printValue(test_num_steps)}, but method=${method} of num_steps=${num_steps} samples in its divisors: leave test_num_steps out`,
  ];
}

function discreteLines(config: TrainConfig): Line[] {
  const { num_steps, num_repeat_data } = config;
  checkFormulas(config);
  const stepKeys = (["test_num_steps", "cache_num_steps"] as const).filter((key) =>
    [config[key]].flat().some((steps) => (steps ?? num_steps) !== num_steps),
  );
  return [
    ...stepKeys.map(
      (key) =>
        `${key}=${printValue(config[key])}, but method=dsb learns the num_steps=${num_steps} steps one by one and has no other steps: leave ${key} out`,
    ),
    num_repeat_data > 1 &&
      `num_repeat_data=${num_repeat_data} gives each pair fresh times, but rows of method=dsb have their own: leave num_repeat_data out`,
  ];
}
