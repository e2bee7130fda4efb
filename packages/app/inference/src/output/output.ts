// Opens the output of generated samples: an array, images, or rows.
import { dirname, join } from "node:path";
import { encodeImages } from "@dsbm/bridge";
import { ConfigError } from "@dsbm/config";
import { FieldUnits, outputFormats, toRows } from "@dsbm/data";
import { makeFolder, type StagedPath, stageFile, stageFolder, writeFlushed } from "@dsbm/files";
import { picturePng } from "@dsbm/runs";
import { io, tidy } from "@dsbm/torch";
import { animationWriter } from "./animation.js";
import { fieldWriter, ownFields } from "./fields.js";
import { type OutputKind, outputKind } from "./place.js";
import { rowsWriter } from "./rows-writer.js";
import type { Output, OutputOptions, SampleWriter, Writer } from "./writer.js";

/** Opens a writer on a temporary path. Leaves nothing if opening fails. */
export async function stageWriter<W extends Writer>(
  path: StagedPath,
  open: (temporary: string) => W | Promise<W>,
): Promise<Output<W>> {
  let writer: W | null = null;
  const discard = () => {
    writer?.abandon();
    path.discard();
  };
  try {
    writer = await open(path.temporary);
  } catch (error) {
    discard();
    throw error;
  }
  return {
    writer,
    async commit() {
      await writer?.close();
      path.commit();
    },
    [Symbol.dispose]: discard,
  };
}

/**
 * Opens the writer of an output by its kind.
 * @throws {ConfigError} for a .h5ad output of another input, and for one image of several samples.
 */
export async function openOutput(options: OutputOptions): Promise<Output<SampleWriter>> {
  const { path, bridge, times, input } = options;
  const kind = outputKind(path, bridge.trained, times !== null) as OutputKind;
  const place = input.table?.h5ad ?? null;
  if (kind === "h5ad" && !place)
    throw new ConfigError(
      `OUT ${path} is a copy of a .h5ad file, but NEW is none: expected a name that ends with ${outputFormats.join(", ")}`,
    );
  const isFolder = kind === "folder";
  return stageWriter(isFolder ? stageFolder(path) : stageFile(path), (temporary) => {
    if (kind === "array") return arrayWriter(temporary, options);
    if (kind === "animation") return animationWriter(temporary, options);
    if (kind === "netcdf") return fieldWriter(temporary, options);
    if (isFolder || kind === "picture") return pictureWriter(temporary, options, isFolder);
    return rowsWriter(temporary, options, kind === "h5ad" ? place : null);
  });
}

/** Writes images or paths as one array. */
function arrayWriter(temporary: string, options: OutputOptions): SampleWriter {
  const { path, bridge, input, times, seen, members } = options;
  const { shape, channels } = bridge.trained;
  const sample = channels ? [shape[0], ...channels.grid] : shape;
  const fields = channels && { channels, units: new FieldUnits(channels) };
  const units = sample.length === 1 ? bridge.units : null;
  const columns = units?.columns(input.table?.names);
  const dtype = columns?.some((column) => column.dtype === "float64") ? "float64" : "float32";
  const row = units ? [units.width] : sample;
  const n = options.n as number;
  const leading = [...(members > 1 ? [members] : []), ...(times ? [times.length] : []), n];
  const file = new io.npy.NpyWriter(temporary, dtype, row, { leading });
  return {
    about: () => `${path}, ${dtype} [${[...leading, ...row].join(", ")}]`,
    async put(x, { k, first, member }) {
      const at = (member * (times?.length ?? 1) + k) * n + first;
      tidy(() => {
        if (fields) {
          const own = ownFields(x, fields.units, fields.channels);
          return file.put(at, io.fromTyped(own.values, [...own.shape]));
        }
        const here = x.to({ device: "cpu" });
        if (!units) return file.put(at, io.toRaw(here));
        const numbers = units.undo(here);
        if (k === (times?.length ?? 1) - 1) seen?.(numbers, here);
        file.put(at, io.fromTyped(toRows(numbers, dtype), [x.size(0), units.width]));
      });
    },
    close() {
      fields?.units.dispose();
      file.close({ sync: true });
    },
    abandon() {
      fields?.units.dispose();
      file.close();
    },
  };
}

/** Images that are encoded at once. */
const imagesAtOnce = 16;

/** Writes one image, or a folder of images. */
function pictureWriter(
  temporary: string,
  { path, bridge, n, input }: OutputOptions,
  isFolder: boolean,
): SampleWriter {
  if (!isFolder && n !== 1)
    throw new ConfigError(
      `OUT ${path} is one image, but NEW has ${n}: give the name of a folder, or a .npy file`,
    );
  const shape = bridge.trained.shape as [number, number, number];
  const digits = Math.max(6, String((n ?? 1) - 1).length);
  const nameOf = (i: number) => `${input.names?.[i] ?? String(i).padStart(digits, "0")}.png`;
  return {
    about: () => `${path}, ${n} images of ${shape[2]}×${shape[1]} pixels`,
    async put(x, { first }) {
      const count = x.size(0);
      const bytes = tidy(() => encodeImages(x.to({ device: "cpu" })).toArray() as Uint8Array);
      const size = bytes.length / count;
      const write = async (i: number) => {
        const file = isFolder ? join(temporary, nameOf(first + i)) : temporary;
        const png = await picturePng(bytes.subarray(i * size, (i + 1) * size), shape);
        makeFolder(dirname(file));
        writeFlushed(file, png);
      };
      for (let at = 0; at < count; at += imagesAtOnce) {
        const some = Array.from({ length: Math.min(imagesAtOnce, count - at) }, (_, i) =>
          write(at + i),
        );
        for (const one of await Promise.allSettled(some))
          if (one.status === "rejected") throw one.reason;
      }
    },
    close() {},
    abandon() {},
  };
}
