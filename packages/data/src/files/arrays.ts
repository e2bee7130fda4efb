// Samples that the user has as arrays on disk.

import { BridgeError } from "@dsbm/bridge";
import { io, type Tensor, tensor } from "@dsbm/torch";

/** The samples [n, …] of a .npy file as float32. Throws a BridgeError or the reader's error with the file's name. */
export function loadArray(path: string): Tensor {
  using file = io.npy.open(path);
  const { shape } = file;
  if (shape.length < 2)
    throw new BridgeError(
      "data",
      `${path} has shape [${shape}]; expected [n, …], one sample a row`,
    );
  return tensor(io.toFloat32(file.read()), { shape });
}
