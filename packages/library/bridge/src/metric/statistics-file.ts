// Statistics of real images as .npz files with mu and sigma, as published for FID.
import { allFinite, io, type Tensor, tensor, tidy } from "@dsbm/torch";
import { dataError } from "../core/errors.js";
import type { Gaussian } from "./frechet.js";

const limit = 10_000 ** 2 * 8 + 2 ** 16;

/** Mean [d] and covariance [d, d] of features, from a file. */
export interface SavedStatistics extends Gaussian {
  /** The number of samples; null if the file does not say. */
  n: number | null;
}

/**
 * Reads a .npz file as float64.
 * @throws {BridgeError} with the file's name if it has no finite `mu` [d] and `sigma` [d, d]; a TorchError for damaged
 * arrays.
 */
export function loadStatistics(path: string): SavedStatistics {
  const refuse = (problem: string) => dataError(`${path}: ${problem}`.replace(/\s+/g, " "));
  let zip: io.ZipReader;
  try {
    // A number would be a file that is open already.
    zip = new io.ZipReader(io.readWhole(String(path)), path, limit);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw refuse(
      `no readable .npz file (${reason.replace(`${path}: `, "")}); expected one with mu and sigma`,
    );
  }
  const read = (name: string): Tensor => {
    const member = `${name}.npy`;
    if (!zip.has(member))
      throw refuse(`has no array ${name}; expected the statistics mu [d] and sigma [d, d]`);
    const bytes = zip.read(member);
    const array = io.npy.decode(bytes, `${path} (${name})`);
    return tensor(io.toFloat64(array), { shape: array.shape });
  };
  return tidy(() => {
    const mean = read("mu");
    const covariance = read("sigma");
    const [d] = mean.shape;
    if (mean.ndim !== 1 || d === 0 || `${covariance.shape}` !== `${d},${d}`)
      throw refuse(
        `mu has shape [${mean.shape}] and sigma [${covariance.shape}]; expected [d] and [d, d]`,
      );
    for (const [name, x] of Object.entries({ mu: mean, sigma: covariance }))
      if (!allFinite(x)) throw refuse(`${name} has values that are NaN or infinite`);
    const n = zip.has("n.npy") ? read("n").item() : null;
    return { mean, covariance, n };
  });
}
