import { type CompleteTrainConfig, ConfigError, printValue } from "@dsbm/config";
import { readTrained } from "@dsbm/inference";
import { io, type Tensor } from "@dsbm/torch";
import type { Training } from "@dsbm/train";
import { partOf } from "../checkpoint.js";

/**
 * Puts the newest parameters of the run `from` into a new training, also as averages. Returns a
 * line about them. Throws a ConfigError if the run has another network.
 */
export function startFromRun(training: Training, config: CompleteTrainConfig): string {
  const { folder, models, config: before } = readTrained(config.from as string, "newest");
  const saved = training.save();
  const tensors = new Map<string, Tensor>(saved.tensors);
  const loaded: Tensor[] = [];
  const files: string[] = [];
  try {
    for (const direction of ["b", "f"] as const) {
      const model = models[direction];
      const own = partOf(tensors, `network/${direction}/`);
      if (model === null || own.size === 0) continue;
      files.push(`half-iteration ${model.half_iteration} ${model.direction}`);
      const weights = io.loadTensors(model.path).tensors;
      loaded.push(...weights.values());
      const fits =
        own.size === weights.size &&
        [...own].every(([name, t]) => `${t.shape}` === `${weights.get(name)?.shape}`);
      if (!fits) throw otherNetwork(folder, before, config);
      for (const [name, t] of weights)
        for (const part of ["network", "ema"])
          if (tensors.has(`${part}/${direction}/${name}`))
            tensors.set(`${part}/${direction}/${name}`, t);
    }
    training.restore({ tensors, facts: saved.facts });
    return `starting from the weights of ${folder} (${[...new Set(files)].join(", ")})`;
  } finally {
    for (const t of loaded) t.dispose();
  }
}

function otherNetwork(
  folder: string,
  before: CompleteTrainConfig,
  now: CompleteTrainConfig,
): ConfigError {
  const values = (model: object) => new Map<string, unknown>(Object.entries(model));
  const old = values(before.model);
  const present = values(now.model);
  const differ = [...old].filter(([key, value]) => value !== present.get(key));
  const keys = differ.map(([key, value]) => `model.${key}=${printValue(value as string)}`);
  return new ConfigError(
    "usage",
    keys.length > 0
      ? `from=${folder} has another network: also give its keys: ${keys.join(" ")}`
      : `from=${folder} has a network for samples of another shape or other conditions: choose a run on data of the same shape`,
  );
}
