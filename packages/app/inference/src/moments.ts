import { type CompleteTrainConfig, ConfigError } from "@dsbm/config";
import { DatasetError, loadTable } from "@dsbm/data";
import { type GaussianMoments, gaussianLaw, loading } from "@dsbm/problem";
import type { Device } from "@dsbm/torch";

/**
 * The Gaussian at time 1. Throws a ConfigError if it needs moments of training images that are
 * missing.
 */
export function endLaw(
  config: CompleteTrainConfig,
  shape: readonly number[],
): ReturnType<typeof gaussianLaw> {
  const data = () => loadTable(config.Dataset, loading("train", "x0", config)).x;
  try {
    return gaussianLaw(config, { shape, device: "cpu", data });
  } catch (error) {
    if (!(error instanceof DatasetError)) throw error;
    throw new ConfigError(
      `${config.final_adaptive ? "final_adaptive" : "adaptive_mean"}=true takes the Gaussian's moments from the training images (${error.message}): restore them, or give its draws as a .npy file`,
    );
  }
}

/** The moments that steps depend on, for discrete DSB with noise scaled by the data's moments. */
export function momentsOf(config: CompleteTrainConfig, device: Device): GaussianMoments | null {
  const { method, var_final_gamma_scale, final_adaptive, data } = config;
  if (method !== "dsb" || !var_final_gamma_scale || !final_adaptive) return null;
  const { channels, image_size } = data;
  const { moments } = endLaw(config, [channels, image_size, image_size]);
  if (moments === null || device === "cpu") return moments;
  return { mean: moments.mean.to({ device }).keep(), std: moments.std.to({ device }).keep() };
}
