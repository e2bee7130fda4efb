// Reads checkpoints, whole or damaged, and changes nothing: a run may save at the same time.
import { lstatSync } from "node:fs";
import { join } from "node:path";
import { fileOperation, sha256OfFile, withPlainFile } from "@dsbm/files";
import { isRunFault, RunError } from "../errors.js";
import { namesIn } from "../files/read.js";
import { type Manifest, pointId, readManifest } from "./manifest.js";

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
