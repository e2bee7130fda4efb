// Which half-iterations, samplers, directions and weights of a run are evaluated.
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import type { Direction } from "@dsbm/bridge";
import { readTrained, type Trained } from "@dsbm/inference";
import { type Position, stepsOf } from "@dsbm/problem";
import { readRun } from "@dsbm/runs";
import type { Device } from "@dsbm/torch";
import type { CompleteTestConfig } from "./find.js";

/** The run as it was after a half-iteration. */
export interface Stage {
  trained: Trained;
  flows: boolean;
  tasks: Task[];
}

export interface Task {
  at: Position;
  sampler: "sde" | "ode";
  id: string;
}

/** The steps of each half-iteration, which may differ from the first plan. */
export function stepsIn(folder: string, config: CompleteTestConfig): (half: number) => number {
  const had = new Map<number, number>();
  for (const { half_iteration: half, step } of readRun(folder).results)
    if (typeof half === "number" && typeof step === "number")
      had.set(half, Math.max(step, had.get(half) ?? 0));
  return (half) => had.get(half) ?? stepsOf(half, config);
}

/** The stages of the key `half_iteration`, in rising order. Throws as readTrained. */
export function stagesOf(folder: string, config: CompleteTestConfig): Stage[] {
  const { half_iteration: wanted } = config;
  const steps = stepsIn(folder, config);
  const there = readRun(folder).models.map(({ half_iteration }) => half_iteration);
  if (wanted === "newest" || there.length === 0)
    return [
      stageOf(readTrained(folder, "newest", config.device as Device), null, { config, steps }),
    ];
  const halves = wanted === "all" ? there : [wanted].flat();
  return [...new Set(halves)]
    .sort((a, b) => a - b)
    .map((half) =>
      stageOf(readTrained(folder, half, config.device as Device), half, { config, steps }),
    );
}

/**
 * `half` null: both directions with their newest parameters; else the direction that this
 * half-iteration trained, and its flow.
 */
function stageOf(
  trained: Trained,
  half: number | null,
  { config, steps }: { config: CompleteTestConfig; steps: (half: number) => number },
): Stage {
  const { models, method } = trained;
  const shared = method.networks !== "each";
  const task = (sampler: Task["sampler"], direction: Direction, of: number): Task => ({
    at: { half: of, direction, step: steps(of) },
    sampler,
    id: `${String(of).padStart(4, "0")}_${direction}_${sampler}`,
  });
  const known = (["b", "f"] as const).flatMap((direction) => {
    const model = models[direction];
    return model ? [task("sde", direction, model.half_iteration)] : [];
  });
  const newest = Math.max(...known.map(({ at }) => at.half));
  const tasks = known
    .filter(({ at }) => half === null || shared || at.half === half)
    .sort((a, b) => a.at.half - b.at.half);
  const flows = method.sampler === undefined;
  if (config.test_ode_sampler && flows)
    tasks.push(task("ode", "b", newest), task("ode", "f", newest));
  return { trained, flows, tasks };
}

/** The hashes of the parameters in use, by half-iteration and direction. */
export function hashesOf(stages: readonly Stage[]): Record<string, string> {
  const files = stages.flatMap(({ trained: { models } }) => [models.b, models.f]);
  return Object.fromEntries(
    files
      .filter((file) => file !== null)
      .map(({ half_iteration, direction, path }) => [
        `${half_iteration}_${direction}`,
        createHash("sha256").update(readFileSync(path)).digest("hex"),
      ]),
  );
}

const deciding = [
  "split",
  "half_iteration",
  "test_num_steps",
  "test_npar",
  "test_batch_size",
  "test_ode_sampler",
  "metrics",
  "LOGGER",
  "plot_level",
  "plot_npar",
  "plot_npar_path",
  "gif",
  "device",
] as const;

/** An evaluation's folder: the most important keys, then a hash of all deciding keys. */
export function nameOf(config: CompleteTestConfig): string {
  const { split, half_iteration, test_num_steps, test_ode_sampler, ode_sampler } = config;
  const accuracy = ode_sampler === "dopri5" ? config.ode_tol : config.ode_euler_step_size;
  const flow = test_ode_sampler ? { ode_sampler, accuracy } : {};
  const all = { ...Object.fromEntries(deciding.map((key) => [key, config[key]])), ...flow };
  const hash = createHash("sha256").update(JSON.stringify(all)).digest("hex").slice(0, 8);
  const halves = [half_iteration].flat().join("-").slice(0, 40);
  return [
    split,
    halves,
    `${test_num_steps.join("-")}steps`,
    ...(test_ode_sampler ? [`${ode_sampler}-${accuracy}`] : []),
    hash,
  ].join("_");
}
