// Paths of images as an animation: all images in a grid, a frame for each time.
import { extname } from "node:path";
import { encodeImages } from "@dsbm/bridge";
import { ConfigError } from "@dsbm/config";
import { writeFlushed } from "@dsbm/files";
import { animatedGrid } from "@dsbm/runs";
import { tidy } from "@dsbm/torch";
import type { OutputOptions, SampleWriter } from "./writer.js";

/** Images of one animation: more would be too small to see. */
const mostImages = 100;

const formats = ["gif", "webp"] as const;

/** The format of an animation by the ending of its path; undefined for another ending. */
export const animationFormat = (path: string): (typeof formats)[number] | undefined =>
  formats.find((format) => extname(path).toLowerCase() === `.${format}`);

/**
 * Writes the paths of images as GIF or WebP.
 * @throws {ConfigError} for more images than an animation shows.
 */
export function animationWriter(
  temporary: string,
  { path, bridge, n, times }: OutputOptions,
): SampleWriter {
  const count = n as number;
  const moments = times as readonly number[];
  if (count > mostImages)
    throw new ConfigError(
      `OUT ${path} is an animation of at most ${mostImages} images, but NEW has ${count}: give fewer images, or a name that ends with .npy`,
    );
  const shape = bridge.trained.shape as [number, number, number];
  const size = shape[0] * shape[1] * shape[2];
  const frames = moments.map(() => new Uint8Array(count * size));
  return {
    about: () => `${path}, ${moments.length} frames of ${count} images`,
    async put(x, { k, first }) {
      const bytes = tidy(() => encodeImages(x.to({ device: "cpu" })).toArray() as Uint8Array);
      frames[k]?.set(bytes, first * size);
    },
    async close() {
      const format = animationFormat(path);
      const captions = moments.map((t) => `t = ${t.toFixed(2)}`);
      const options = {
        frames,
        shape: [count, ...shape] as [number, number, number, number],
        captions,
      };
      writeFlushed(temporary, await animatedGrid({ ...options, ...(format && { format }) }));
    },
    abandon() {},
  };
}
