// The path of an output: its format, and whether it may be written.
import { existsSync, readdirSync, statSync } from "node:fs";
import { extname } from "node:path";
import { ConfigError } from "@dsbm/config";
import { isPictureChannels, outputFormat, outputFormats } from "@dsbm/data";
import type { Trained } from "../trained.js";
import { animationFormat } from "./animation.js";

/** How samples are written. */
export type OutputKind = "table" | "h5ad" | "array" | "netcdf" | "picture" | "folder" | "animation";

/** How samples are written to a path; null for a format that does not hold them. */
export function outputKind(
  path: string,
  { shape, channels: fields }: Trained,
  paths: boolean,
): OutputKind | null {
  const ending = extname(path).toLowerCase();
  const array = ending === ".npy";
  if (shape.length === 1) {
    if (ending === ".h5ad") return paths ? null : "h5ad";
    if (outputFormat(path) === undefined) return null;
    return array && paths ? "array" : "table";
  }
  if (array) return "array";
  if (fields) return ending === ".nc" && !paths ? "netcdf" : null;
  const [channels] = shape;
  if (!isPictureChannels(channels)) return null;
  if (paths) return animationFormat(path) ? "animation" : null;
  if (ending === ".png") return "picture";
  // Another ending belongs to a file, unless the folder exists or the name ends in a slash.
  const named = /^\.[a-z][a-z0-9]{1,6}$/.test(ending) && !/[\\/]$/.test(path);
  return named && !existsSync(path) ? null : "folder";
}

/** Whether an output needs the number of samples first. */
export const needsCount = (path: string, trained: Trained, paths: boolean): boolean =>
  ["array", "netcdf", "animation"].includes(outputKind(path, trained, paths) ?? "");

/**
 * Checks an output before anything is loaded.
 * @throws {ConfigError} for an unknown format, for an existing output, and for the input itself.
 */
export function checkOutput(
  path: string,
  {
    input,
    trained,
    paths,
    overwrite,
    members,
  }: {
    input: string;
    trained: Trained;
    paths: boolean;
    overwrite: boolean;
    members: number;
  },
): void {
  if (isSameFile(path, input.replace(/^(table|array|fields):/, "")))
    throw new ConfigError(
      `OUT ${path} is NEW itself, which would be lost: expected another place; give another name`,
    );
  const kind = outputKind(path, trained, paths);
  if (kind === null) throw new ConfigError(refusalOf(path, trained, paths));
  if (members > 1 && kind !== "array" && kind !== "netcdf")
    throw new ConfigError(
      `members=${members} is a dimension of an array or of NetCDF, got OUT ${path}: give a name that ends with .npy${trained.channels ? " or .nc" : ""}, or leave members out`,
    );
  const there = existsSync(path) ? statSync(path) : undefined;
  const again = "give another name, or write overwrite=true";
  if (kind !== "folder") {
    if (there?.isDirectory())
      throw new ConfigError(`OUT ${path} is a folder; expected the name of a file`);
    if (there && !overwrite) throw new ConfigError(`OUT ${path} exists already: ${again}`);
    return;
  }
  if (there && !there.isDirectory())
    throw new ConfigError(
      `OUT ${path} is a file, expected a .npy file or a folder: choose another name`,
    );
  if (there && !overwrite && readdirSync(path).length > 0)
    throw new ConfigError(
      `OUT ${path} exists already and is not empty: ${again} to replace images of the same names`,
    );
}

function isSameFile(a: string, b: string): boolean {
  if (!existsSync(a) || !existsSync(b)) return false;
  const first = statSync(a);
  const second = statSync(b);
  return first.dev === second.dev && first.ino === second.ino;
}

function refusalOf(path: string, { shape, channels: fields }: Trained, paths: boolean): string {
  const ending = extname(path);
  const cannot = `OUT ${path}: ${ending === "" ? "a folder" : ending} cannot be written`;
  if (shape.length === 1)
    return `${cannot} of vectors [${shape}]; expected a name that ends with ${outputFormats.join(", ")}`;
  const what = paths ? "the states of paths" : `samples [${shape.join(", ")}]`;
  if (fields)
    return `${cannot} of ${what}; expected a name that ends with ${paths ? "" : ".nc or "}.npy`;
  const [channels] = shape;
  const isImage = isPictureChannels(channels);
  const pictures = paths
    ? ", or .gif or .webp for an animation"
    : ", .png for one image, or a folder of images (with a slash at its end)";
  return `${cannot} of ${what}; expected a name that ends with .npy${isImage ? pictures : ""}`;
}
