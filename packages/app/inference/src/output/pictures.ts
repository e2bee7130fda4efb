import { writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { encodeImages } from "@dsbm/bridge";
import { ConfigError } from "@dsbm/config";
import { makeFolder, stageFile, stageFolder, writeFlushed } from "@dsbm/files";
import { picturePng } from "@dsbm/runs";
import { type Tensor, tidy } from "@dsbm/torch";
import type { Output, OutputOptions } from "./output.js";

const ahead = 16;

export function folderOutput(path: string, { bridge, n, input }: OutputOptions): Output {
  const [, height, width] = bridge.trained.shape as [number, number, number];
  const replacement = stageFolder(path);
  const digits = Math.max(6, String((n ?? 1) - 1).length);
  const nameOf = (i: number) => `${input.names?.[i] ?? String(i).padStart(digits, "0")}.png`;
  return {
    about: () => `${path}, ${n} images of ${width}×${height} pixels`,
    async put(x, { first }) {
      const pngs = pngsOf(x);
      for (let at = 0; at < pngs.length; at += ahead) {
        const some = pngs.slice(at, at + ahead);
        const written = await Promise.allSettled(
          some.map(async (png, i) => {
            const file = join(replacement.temporary, nameOf(first + at + i));
            makeFolder(dirname(file));
            writeFlushed(file, await png());
          }),
        );
        for (const one of written) if (one.status === "rejected") throw one.reason;
      }
    },
    commit: async () => replacement.commit(),
    [Symbol.dispose]: () => replacement.discard(),
  };
}

export function pictureOutput(path: string, { bridge, n }: OutputOptions): Output {
  if (n !== 1)
    throw new ConfigError(
      "usage",
      `OUT ${path} is one image, but NEW has ${n}: give the name of a folder, or a .npy file`,
    );
  const [, height, width] = bridge.trained.shape as [number, number, number];
  const replacement = stageFile(path);
  return {
    about: () => `${path}, an image of ${width}×${height} pixels`,
    async put(x) {
      const [png] = pngsOf(x) as [() => Promise<Uint8Array>];
      writeFileSync(replacement.temporary, await png(), { flush: true });
    },
    commit: async () => replacement.commit(),
    [Symbol.dispose]: () => replacement.discard(),
  };
}

function pngsOf(x: Tensor): (() => Promise<Uint8Array>)[] {
  const [n, ...shape] = x.shape as [number, number, number, number];
  const bytes = tidy(() => encodeImages(x.to({ device: "cpu" })).toArray() as Uint8Array);
  const size = bytes.length / n;
  return Array.from(
    { length: n },
    (_, i) => () => picturePng(bytes.subarray(i * size, (i + 1) * size), shape),
  );
}
