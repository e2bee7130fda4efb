import { extname } from "node:path";
import { decodeImages } from "@dsbm/bridge";
import { ConfigError } from "@dsbm/config";
import { io, type Tensor, tidy } from "@dsbm/torch";
import type { Trained } from "../trained.js";
import type { Input, InputOptions } from "./input.js";

const dtypes = ["float32", "float64", "uint8"];

const pixels = 16;

/** Opens float32 or float64 in the network's units, or bytes of images. */
export async function arrayInput(path: string, { trained }: InputOptions): Promise<Input> {
  if (extname(path).toLowerCase() !== ".npy")
    throw new ConfigError(
      "usage",
      `${path} is not an array of images, which ${trained.folder} bridges: give a .npy file, an image, or a folder of images`,
    );
  const file = io.npy.open(path);
  const { dtype, shape } = file;
  const problem = problemOf(file, path, trained);
  if (problem !== null) {
    file.close();
    throw new ConfigError("usage", problem);
  }
  return {
    n: shape[0] as number,
    about: `${path}, ${dtype} [${shape}]`,
    async read(first, count) {
      const x = tidy(() => {
        const raw = io.fromRaw(file.rows(first, count));
        return (dtype === "uint8" ? decodeImages(raw) : raw.to("float32")).keep();
      });
      checkRange(x, path);
      return { x };
    },
    [Symbol.dispose]: () => file.close(),
  };
}

function checkRange(x: Tensor, path: string): void {
  const [low, high] = tidy(() => [x.min().item(), x.max().item()]) as [number, number];
  if (!(low >= 0 && high > pixels)) return;
  x.dispose();
  throw new ConfigError(
    "usage",
    `${path} holds floats from ${low} to ${high}; expected values from −1 to 1, or bytes: save pixels of 0 to 255 with .astype("uint8"), or x / 127.5 - 1`,
  );
}

function problemOf({ dtype, shape }: io.npy.NpyFile, path: string, trained: Trained) {
  if (!dtypes.includes(dtype))
    return `${path} holds ${dtype}; expected ${dtypes.join(", ")}: save it again with .astype("float32")`;
  if (`${shape.slice(1)}` !== `${trained.shape}`)
    return `${path} has shape [${shape.join(", ")}]; expected [n, ${trained.shape.join(", ")}], the samples of ${trained.folder}`;
  return shape[0] === 0 ? `${path} has no samples: [${shape.join(", ")}]` : null;
}
