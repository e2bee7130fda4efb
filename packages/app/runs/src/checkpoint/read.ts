// Reads checkpoints, whole or damaged, and changes nothing: a run may save at the same time. manifest.json is written last
// into a checkpoint and lists its files.

import { lstatSync } from "node:fs";
import { join } from "node:path";
import { fileOperation, readPlainFile, sha256OfFile, withPlainFile } from "@dsbm/files";
import { z } from "zod";
import { isRunFault, RunError } from "../errors.js";
import { checkAs, fromJson, namesIn, toJson } from "../files/json.js";

const checkpointFormat = 1;

export const manifestName = "manifest.json";

/** Maximum bytes of a manifest; usual manifests have a few kilobytes. */
const manifestLimit = 1 << 20;

const pointId = /^[A-Za-z0-9][A-Za-z0-9_=+-]{0,99}$/;
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
function readManifest(folder: string, id: string): Manifest {
  const path = join(folder, manifestName);
  const value = fromJson(readPlainFile(path, { limit: manifestLimit }).toString("utf8"), path);
  const schema = manifest.refine((content) => content.id === id, { error: `its id is not ${id}` });
  return checkAs(value, path, { newest: checkpointFormat, schema, cure: "delete its folder" });
}

/** A saved checkpoint: its facts and the paths, sizes and hashes of its files. */
export interface Checkpoint extends Omit<Manifest, "files"> {
  /** The path of the checkpoint. */
  folder: string;
  /** Size, SHA-256 and path of each file, by name. */
  files: Record<string, Manifest["files"][string] & { path: string }>;
}

/** A whole checkpoint, or a damaged one with the reason. */
export interface CheckpointEntry {
  /** The name of the folder. */
  id: string;
  /** The path of the checkpoint. */
  folder: string;
  /** Infinity if even the manifest cannot be read. */
  order: number;
  /** Null if damaged. */
  checkpoint: Checkpoint | null;
  /** Why it cannot be used; null if whole. */
  damage: string | null;
}

/** A checkpoint from its folder and its manifest. */
export function checkpointOf(folder: string, manifest: Manifest): Checkpoint {
  const files = Object.entries(manifest.files).map(
    ([name, facts]) => [name, { ...facts, path: join(folder, name) }] as const,
  );
  return { ...manifest, folder, files: Object.fromEntries(files) };
}

/**
 * The checkpoints in the folder `checkpoints` by order, unknown orders last. Compares sizes, not
 * contents. Throws FileError if the folder cannot be listed.
 */
export function listCheckpoints(folder: string): CheckpointEntry[] {
  // Links are reported as damaged.
  return namesIn(
    folder,
    (entry) => (entry.isDirectory() || entry.isSymbolicLink()) && pointId.test(entry.name),
  )
    .map((id) => examineCheckpoint(folder, id))
    .filter((entry) => lstatSync(entry.folder, { throwIfNoEntry: false }))
    .sort((a, b) => (a.order === b.order ? 0 : a.order - b.order));
}

/**
 * Returns the newest whole, verified checkpoint or null, and the damaged checkpoints after it.
 * Throws as listCheckpoints.
 */
export function newestCheckpoint(folder: string): {
  checkpoint: Checkpoint | null;
  damaged: CheckpointEntry[];
} {
  const damaged: CheckpointEntry[] = [];
  for (const { id } of listCheckpoints(folder).reverse()) {
    const entry = examineCheckpoint(folder, id, true);
    if (entry.checkpoint) return { checkpoint: entry.checkpoint, damaged };
    damaged.push(entry);
  }
  return { checkpoint: null, damaged };
}

function examineCheckpoint(parent: string, id: string, isVerified = false): CheckpointEntry {
  const folder = join(parent, id);
  let order = Number.POSITIVE_INFINITY;
  try {
    if (!fileOperation("read", folder, () => lstatSync(folder)).isDirectory())
      throw new RunError("corrupt", `${folder} is a link, expected a folder`);
    const manifest = readManifest(folder, id);
    order = manifest.order;
    const checkpoint = checkpointOf(folder, manifest);
    for (const { path, size, sha256 } of Object.values(checkpoint.files)) {
      const bytes = withPlainFile(path, (_, bytes) => bytes);
      if (bytes !== size)
        throw new RunError("corrupt", `${path} has ${bytes} bytes, expected ${size}`);
      if (isVerified && sha256OfFile(path) !== sha256)
        throw new RunError("corrupt", `the sha256 of ${path} is not ${sha256.slice(0, 12)}…`);
    }
    return { id, folder, order, checkpoint, damage: null };
  } catch (error) {
    if (!isRunFault(error)) throw error;
    return { id, folder, order, checkpoint: null, damage: error.message };
  }
}
