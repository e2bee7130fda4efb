import { existsSync } from "node:fs";
import { join } from "node:path";
import { ConfigError } from "@dsbm/config";
import { Projection, Units } from "@dsbm/data";
import { checkFiles } from "@dsbm/runs";
import { io } from "@dsbm/torch";
import type { Trained } from "./trained.js";

/**
 * Reads projection.safetensors of a run; the caller disposes it. Throws a ConfigError, and a
 * TorchError for damage.
 */
export function readProjection(folder: string): Projection {
  const path = join(folder, "projection.safetensors");
  if (!existsSync(path))
    throw new ConfigError(
      "usage",
      `${path} is not there, the principal components that the run was trained in: train it again, or give a .npy file of coordinates`,
    );
  checkFiles(folder, ["projection.safetensors"]);
  const { tensors, metadata } = io.loadTensors(path);
  const mean = tensors.get("mean");
  const basis = tensors.get("basis");
  const scale = Number(metadata.scale);
  if (!mean || !basis || !(scale > 0))
    throw new ConfigError(
      "usage",
      `${path} holds no projection: it needs mean, basis and a positive scale`,
    );
  return new Projection(mean, basis, scale, []);
}

/** The caller disposes them. */
export function unitsOf({ columns, folder, shape, config }: Trained): Units {
  if (columns === null) {
    const names = Array.from({ length: shape[0] as number }, (_, k) => `x${k}`);
    return new Units({ names, named: false });
  }
  const projection = config.data.components === null ? null : readProjection(folder);
  return new Units({ ...columns, projection });
}
