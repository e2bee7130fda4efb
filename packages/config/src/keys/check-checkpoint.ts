// Why: a start by hand from the reference's files must have the files that the half-iteration
// needs, or it would go on from an untrained network without a word.

import { completeFiles } from "./complete.js";
import type { TrainConfig } from "./schema.js";

const FILES: (keyof ReturnType<typeof completeFiles> | "checkpoint_dir")[] = [
  "checkpoint_f",
  "checkpoint_b",
  "sample_checkpoint_f",
  "sample_checkpoint_b",
  "optimizer_checkpoint_f",
  "optimizer_checkpoint_b",
];

/** Problems of a start by hand (checkpoint_run), one line each. */
export function checkpointProblems(typed: TrainConfig): string[] {
  const config = { ...typed, ...completeFiles(typed) };
  const given = FILES.filter((key) => config[key] !== null);
  if (!config.checkpoint_run) {
    if (config.checkpoint_dir !== null) given.push("checkpoint_dir");
    if (given.length === 0) return [];
    return [
      `${given.join(", ")} would not be read, because checkpoint_run=false: write checkpoint_run=true`,
    ];
  }
  if (given.length === 0) {
    return [
      "checkpoint_run=true names no file to start from: write checkpoint_b=… or checkpoint_f=…, " +
        "or leave checkpoint_run out to go on from the newest checkpoint",
    ];
  }
  return [...trainedProblems(config), ...sampledProblems(config)];
}

/** The network that is trained on, and its optimiser. */
function trainedProblems(config: TrainConfig): string[] {
  const { checkpoint_pass: pass, checkpoint_it, checkpoint_iter, n_ipf } = config;
  const problems: string[] = [];
  if (checkpoint_it > n_ipf) {
    problems.push(
      `checkpoint_it=${checkpoint_it} is beyond the last iteration n_ipf=${n_ipf}: write n_ipf=${checkpoint_it} or more`,
    );
  }
  if (checkpoint_iter > 0 && config[`checkpoint_${pass}`] === null) {
    problems.push(
      `checkpoint_iter=${checkpoint_iter} goes on inside a ${pass} pass, whose weights are not given: ` +
        `write checkpoint_${pass}=…`,
    );
  }
  for (const way of ["f", "b"] as const) {
    if (config[`optimizer_checkpoint_${way}`] === null || config[`checkpoint_${way}`] !== null) {
      continue;
    }
    problems.push(
      `optimizer_checkpoint_${way} belongs to weights that are not given: write checkpoint_${way}=…`,
    );
  }
  return problems;
}

/** The network of the other direction, which simulates the pairs. */
function sampledProblems(config: TrainConfig): string[] {
  const { checkpoint_pass: pass, checkpoint_it, first_coupling } = config;
  const first = checkpoint_it === 1 && (pass === "b" || first_coupling === "ind");
  const other = pass === "b" ? "f" : "b";
  const found =
    config[`sample_checkpoint_${other}`] !== null || config[`checkpoint_${other}`] !== null;
  if (first || found) return [];
  return [
    `checkpoint_it=${checkpoint_it} checkpoint_pass=${pass} simulates pairs with the ${other} network, ` +
      `whose weights are not given: write sample_checkpoint_${other}=… or checkpoint_${other}=…`,
  ];
}
