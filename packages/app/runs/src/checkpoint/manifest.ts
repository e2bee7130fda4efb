// manifest.json is written last into a checkpoint and lists its files.
import { join } from "node:path";
import { readPlainFile } from "@dsbm/files";
import { z } from "zod";
import { checkAs, fromJson, toJson } from "../files/json.js";

const checkpointFormat = 1;

export const manifestName = "manifest.json";

/** Maximum bytes of a manifest; usual manifests have a few kilobytes. */
const manifestLimit = 1 << 20;

export const pointId = /^[A-Za-z0-9][A-Za-z0-9_=+-]{0,99}$/;
const fileName = /^(?!manifest\.json$)[A-Za-z0-9][A-Za-z0-9_.=+-]{0,99}$/;

const manifest = z.object({
  /** The version of the format. */
  format: z.literal(checkpointFormat),
  /** The version of dsbm. */
  dsbm: z.string(),
  /** ISO 8601 in UTC. */
  created: z.string(),
  /** The name of the folder. */
  id: z.string().regex(pointId),
  /** Position in the run; the newest checkpoint has the highest. */
  order: z.number(),
  files: z.record(
    z.string().regex(fileName),
    z.object({ size: z.int().min(0), sha256: z.string().regex(/^[0-9a-f]{64}$/) }),
  ),
  /** The facts of `CheckpointPoint`. */
  facts: z.record(z.string(), z.unknown()),
});
export type Manifest = z.output<typeof manifest>;

/** A manifest as text. */
export const manifestText = (facts: Omit<Manifest, "format">): string =>
  `${toJson({ format: checkpointFormat, ...facts }, { indent: 2 })}\n`;

/** Reads the manifest of a checkpoint's folder. Throws RunError "newer_format" or "corrupt", or FileError. */
export function readManifest(folder: string, id: string): Manifest {
  const path = join(folder, manifestName);
  const value = fromJson(readPlainFile(path, { limit: manifestLimit }).toString("utf8"), path);
  const schema = manifest.refine((content) => content.id === id, { error: `its id is not ${id}` });
  return checkAs(value, path, { newest: checkpointFormat, schema, cure: "delete its folder" });
}
