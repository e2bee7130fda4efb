import { basename } from "node:path";
import { type Conditions, decodeImages, mapConditions } from "@dsbm/bridge";
import { ConfigError } from "@dsbm/config";
import {
  DatasetError,
  decodeInOrder,
  listPictures,
  loadTable,
  mapArray,
  type PictureTarget,
  prepareTable,
} from "@dsbm/data";
import { conditionsOf, loading, pictureFolders } from "@dsbm/problem";
import { type Tensor, tensor, tidy } from "@dsbm/torch";
import { readProjection } from "../trained.js";
import type { Input, InputOptions, InputRows } from "./input.js";

const dtypes = ["float32", "float64", "uint8"];

/** Samples [0, n), some at a time. */
export async function* inParts(
  n: number,
  size: number,
  read: (first: number, count: number) => Tensor | Promise<Tensor>,
): AsyncGenerator<InputRows> {
  for (let first = 0; first < n; first += size)
    yield { x: await read(first, Math.min(size, n - first)), carried: [] };
}

/** Opens float32 or float64 in the network's units, or bytes of images. */
export function arrayInput(path: string, options: InputOptions): Input {
  const x = tidy(() => mapArray(path).keep());
  const highest = tidy(() => {
    const some = x.narrow(0, 0, Math.min(100, x.size(0))).flatten();
    return some.numel > 0 && some.min().item() >= 0 ? some.max().item() : 0;
  });
  // A run of arrays has their numbers, whatever their range.
  const isOwn = options.trained.config.Dataset.startsWith("array:");
  if (x.dtype !== "uint8" && highest > 16 && !isOwn)
    throw new ConfigError(
      `${path} holds floats from 0 to ${highest}; expected values from −1 to 1, or bytes: save pixels of 0 to 255 with .astype("uint8"), or x / 127.5 - 1`,
    );
  return storedInput(x, { name: path, about: `${path}, ${x.dtype} [${x.shape}]` }, options);
}

/** Opens the test split of a dataset, loaded as the run does. */
export async function namedInput(name: string, options: InputOptions): Promise<Input> {
  const { trained, direction, progress, signal } = options;
  const { config, folder } = trained;
  const load = loading("test", direction === "f" ? "x0" : "x1", config);
  try {
    await prepareTable(name, {
      ...load,
      progress: ({ done, total }) =>
        progress.update({
          label: `decoding ${name}`,
          step: done,
          ...(total !== null && { steps: total }),
        }),
      ...(signal && { signal }),
    });
  } catch (error) {
    if (!(error instanceof DatasetError) || error.code !== "UnknownSet") throw error;
    throw new ConfigError(`NEW ${name} is no file or folder here, and ${error.message}`);
  }
  const table = loadTable(name, load);
  const conditions = conditionsOf(table, config);
  mapConditions(conditions, (t) => t.keep());
  const x = config.data.components === null ? table.x : projected(table.x, folder);
  const about = `${name} (test), ${x.size(0)} samples from ${table.source}`;
  return storedInput(x.keep(), { name, about, conditions }, options);
}

/** Takes x [n, …] and the conditions. */
function storedInput(
  x: Tensor,
  { name, about, conditions }: { name: string; about: string; conditions?: Conditions | undefined },
  { trained: { shape, folder }, batchRows }: InputOptions,
): Input {
  const [n = 0, ...size] = x.shape;
  if (`${size}` !== `${shape}` || n === 0 || !dtypes.includes(x.dtype))
    throw new ConfigError(
      `NEW ${name} is ${x.dtype} [${x.shape.join(", ")}]; expected ${dtypes.join(", ")} of [n, ${shape.join(", ")}], the samples of ${folder}`,
    );
  return {
    n,
    about,
    conditions,
    batches: inParts(n, batchRows, (first, count) =>
      tidy(() => {
        const rows = x.narrow(0, first, count);
        const decoded = x.dtype === "uint8" ? decodeImages(rows) : rows.to("float32").clone();
        return decoded.keep();
      }),
    ),
    [Symbol.dispose]() {
      for (const t of [x, conditions?.cond, conditions?.y]) t?.dispose();
    },
  };
}

function projected(x: Tensor, folder: string): Tensor {
  const projection = readProjection(folder);
  const rows = tidy(() => projection.project(decodeImages(x)).keep());
  projection.dispose();
  return rows;
}

export const isPicture = (path: string): boolean => /\.(png|jpe?g|webp|avif|tiff?)$/i.test(path);

/** Opens an image, or a folder of images sorted by name. */
export function pictureInput(path: string, options: InputOptions): Input {
  const { trained, max_pixels, batchRows } = options;
  const { shape, folder, config } = trained;
  const [channels, height, width] = shape;
  if (shape.length === 1 || (channels !== 1 && channels !== 3))
    throw new ConfigError(
      `NEW ${path} holds images of 1 or 3 channels; ${folder} bridges samples [${shape.join(", ")}]: give a ${shape.length === 1 ? "table (.csv, .parquet, .npy, …), or gaussian:N" : ".npy file"}`,
    );
  const files = isPicture(path) ? [{ name: basename(path), path }] : listPictures(path);
  if (files.length === 0)
    throw new ConfigError(
      `${path} holds no images (.png, .jpg, .webp, .avif, .tif): give a folder with images`,
    );
  const names = files.map(({ name }) => name.replace(/\.[^.]*$/, ""));
  if (new Set(names).size < names.length)
    throw new ConfigError(
      `${path} holds images whose names differ in their endings only, and so would not in the output: rename them`,
    );
  // A run of folders scaled its own images.
  const resize = options.resize ?? pictureFolders(config).length > 0;
  const target: PictureTarget = { channels, size: resize ? height : null };
  return {
    n: files.length,
    about: `${path}, ${files.length} images`,
    names,
    batches: inParts(files.length, batchRows, async (first, count) => {
      const some = files.slice(first, first + count);
      const bytes: Uint8Array[] = [];
      for await (const picture of decodeInOrder(some, target, { most: max_pixels })) {
        if (picture.height !== height || picture.width !== width)
          throw new ConfigError(
            `${some[bytes.length]?.path} has ${picture.width}×${picture.height} pixels; expected ${width}×${height}: write resize=true to take its middle square and scale it`,
          );
        bytes.push(picture.bytes);
      }
      const all = new Uint8Array(Buffer.concat(bytes));
      return tidy(() => decodeImages(tensor(all, { shape: [count, ...shape] })).keep());
    }),
    [Symbol.dispose]() {},
  };
}
