import type { CompleteTrainConfig } from "@dsbm/config";

export function outOfMemoryAdvice(config: CompleteTrainConfig): string {
  const { batch_size, accumulate, cache_batch_size, test_batch_size } = config;
  return [
    `write accumulate=${2 * accumulate} or more (the same step in parts)`,
    `batch_size below ${batch_size}`,
    ...checkpointing(config),
    `or, in simulations and evaluations, cache_batch_size below ${cache_batch_size} and test_batch_size below ${test_batch_size}`,
  ].join(", ");
}

const checkpointing = ({ model }: CompleteTrainConfig): string[] =>
  "use_checkpoint" in model && !model.use_checkpoint
    ? ["model.use_checkpoint=true (activations are computed again)"]
    : [];
