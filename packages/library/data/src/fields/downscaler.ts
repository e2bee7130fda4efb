import { stream } from "@dsbm/bridge";
import { io, randperm, type Tensor, tidy } from "@dsbm/torch";
import { rowCount } from "../counts.js";
import type { DataSet, SetOptions } from "../data-set.js";
import { DatasetError, invalidOption } from "../errors.js";
import { findFiles, placesIn } from "../files/find.js";
import { newTable, type Table } from "../table.js";
import type { Resolution } from "./downscaling-law.js";

/** Of the condition, one segment of the high-resolution fields each, in this order. */
const wavenumbers = [1, 2, 4, 8, 16];
const resolutions: Readonly<Record<Resolution, number>> = { high: 512, low: 64 };
const states = 2;
const permutationSeed = 42;

/**
 * Published fields of one resolution: x [n, 2, 512, 512] and condition [n, 1, 512, 512] of
 * `x{train,test}_{512,64}.npy`, float32. `wavenumber` selects a segment of the high resolution. `order` is a fixed
 * random permutation, because the files are sorted; `n` reads the first n fields in this order into memory.
 */
export function downscaler(resolution: Resolution): DataSet {
  return {
    about: `flows of ${resolution} resolution (${resolutions[resolution]}), 512×512, 2 states and 1 condition`,
    classes: [],
    load: (options) => load(resolution, options),
  };
}

/** The file with the scaling of a resolution's fields. Throws `MissingFiles`. */
export function downscalerScalingFile(resolution: Resolution, directory: string): string {
  return find(`scaling_${resolutions[resolution]}.npz`, { directory }).path;
}

function load(resolution: Resolution, options: SetOptions): Table {
  const { name, split, wavenumber = 0, n } = options;
  const { path, folder } = find(`x${split}_${resolutions[resolution]}.npy`, options);
  return tidy(() => {
    const all = io.mapNpy(path);
    const [fields = 0, channels] = all.shape;
    if (all.dtype !== "float32" || all.ndim !== 4 || channels !== states + 1 || fields === 0)
      throw new DatasetError(
        "BadArray",
        `${path}: ${all.dtype} [${all.shape}]: expected float32 [n, ${states + 1}, H, W], two states and a condition`,
      );
    const segment = resolution === "low" ? all : segmentOf(all, wavenumber, { path, name });
    const total = segment.size(0);
    const count = rowCount(n, total, { name, split });
    // The permutation belongs to the data, not to a run.
    const generator = stream(permutationSeed, `downscaler/${resolution}/${split}/${total}`);
    const order = randperm(total, { generator });
    const rows = n === undefined ? segment : segment.indexSelect(0, order.narrow(0, 0, count));
    return newTable({
      name,
      split,
      source: folder,
      x: rows.narrow(1, 0, states),
      ...(n === undefined && { order }),
      condition: rows.narrow(1, states, 1),
    });
  });
}

function find(file: string, options: Pick<SetOptions, "directory">) {
  const cure =
    "choose dataset=downscaler_synthetic, which needs no files, or put the arrays of the downscaling experiment (xtrain_512.npy, xtest_512.npy, scaling_512.npz, and the same for 64)";
  const { folder, paths } = findFiles(file, [[file]], {
    places: placesIn(options, ["downscaler"]),
    cure,
  });
  return { folder, path: paths[0] };
}

function segmentOf(all: Tensor, wavenumber: number, of: { path: string; name: string }): Tensor {
  if (wavenumber === 0) return all;
  const k = wavenumbers.indexOf(wavenumber);
  if (k < 0)
    throw invalidOption(
      `wavenumber ${wavenumber}: expected 0 for all fields of ${of.name}, or ${wavenumbers.join(", ")}`,
    );
  const length = all.size(0) / wavenumbers.length;
  if (!Number.isInteger(length))
    throw new DatasetError(
      "BadArray",
      `${of.path}: ${all.size(0)} fields: expected ${wavenumbers.length} segments of one length`,
    );
  return all.narrow(0, k * length, length);
}
