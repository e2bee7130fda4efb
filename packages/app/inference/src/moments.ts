import type { CompleteTrainConfig } from "@dsbm/config";
import { ConfigError } from "@dsbm/config";
import { DatasetError, loadTable } from "@dsbm/data";
import { type GaussianMoments, gaussianLaw, loading } from "@dsbm/problem";
import type { Device, Tensor } from "@dsbm/torch";

/** The key that takes the Gaussian's moments from the data, or null. */
export const adaptiveKey = (
  config: CompleteTrainConfig,
): "final_adaptive" | "adaptive_mean" | null =>
  config.final_adaptive ? "final_adaptive" : config.adaptive_mean ? "adaptive_mean" : null;

export const trainingImages = (config: CompleteTrainConfig): Tensor =>
  loadTable(config.Dataset, loading("train", "x0", config)).x.keep();

/**
 * Explains an error of missing training images: which key needs them, and what to do. Leaves other
 * errors unchanged.
 */
export function needed(
  error: unknown,
  config: CompleteTrainConfig,
  { what, instead }: { what: string; instead: string },
): unknown {
  if (!(error instanceof DatasetError)) return error;
  return new ConfigError(
    "usage",
    `${adaptiveKey(config)}=true takes the Gaussian's moments from the training images, which ${what} needs (${error.message}); ${instead}`,
  );
}

/** The moments that steps depend on, for discrete DSB with noise scaled by the data's moments. */
export function momentsOf(config: CompleteTrainConfig, device: Device): GaussianMoments | null {
  const { method, var_final_gamma_scale, final_adaptive, data } = config;
  if (method !== "dsb" || !var_final_gamma_scale || !final_adaptive) return null;
  const { channels, image_size } = data;
  const instead = "restore the images, and sample again";
  try {
    const shape = [channels, image_size, image_size];
    const images = trainingImages(config);
    const { moments } = gaussianLaw(config, { shape, device: "cpu", data: () => images });
    images.dispose();
    if (moments === null || device === "cpu") return moments;
    return { mean: moments.mean.to({ device }).keep(), std: moments.std.to({ device }).keep() };
  } catch (error) {
    throw needed(error, config, { what: "var_final_gamma_scale=true", instead });
  }
}
