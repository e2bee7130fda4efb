// Samples of a .npy file of any size, read by rows.
import { existsSync } from "node:fs";
import { decodeImages } from "@dsbm/bridge";
import { io, tidy } from "@dsbm/torch";
import { UsageError } from "../terminal/errors.js";
import { checkFinite, type Input, type InputOptions, wanted } from "./input.js";
import type { Trained } from "./trained.js";

/** Opens a file of float32 or float64 as networks see samples, or bytes of pictures. */
export function arrayInput(path: string, { trained }: Pick<InputOptions, "trained">): Input {
  if (!existsSync(path))
    throw new UsageError(
      `INPUT ${path} is not there: give a .npy file, a folder of pictures, gaussian:N, or a named data set such as mnist_2`,
    );
  const file = io.npy.open(path);
  try {
    check(file, path, trained);
  } catch (error) {
    file.close();
    throw error;
  }
  const { dtype, shape } = file;
  return {
    n: shape[0] as number,
    about: `${path}, ${dtype} [${shape}]`,
    names: null,
    conditions: null,
    read: async (first, count) => {
      const rows = tidy(() => {
        const raw = io.fromRaw(file.rows(first, count));
        return (dtype === "uint8" ? decodeImages(raw) : raw.to("float32")).keep();
      });
      checkFinite(rows, first, path);
      return rows;
    },
    close: () => file.close(),
  };
}

function check({ dtype, shape }: io.npy.NpyFile, path: string, trained: Trained): void {
  const pictures = trained.shape.length > 1;
  const dtypes = ["float32", "float64", ...(pictures ? ["uint8"] : [])];
  if (!dtypes.includes(dtype))
    throw new UsageError(
      `${path} holds ${dtype}; expected ${dtypes.join(", ")}: save it again with .astype("float32")`,
    );
  if (`${shape.slice(1)}` !== `${trained.shape}` || shape.length < 2)
    throw new UsageError(
      `${path} has shape [${shape.join(", ")}]; expected ${wanted(trained)}, the samples of ${trained.folder}`,
    );
  if (shape[0] === 0) throw new UsageError(`${path} has no samples: [${shape.join(", ")}]`);
}
