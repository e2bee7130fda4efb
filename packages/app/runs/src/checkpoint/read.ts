// Checkpoints as they are found: whole, or damaged with the reason. Reading changes nothing, so it
// works beside a run that is saving, and in a folder that cannot be written.
import { type Dirent, lstatSync } from "node:fs";
import { join } from "node:path";
import { fileOperation, RunError, type RunErrorCode } from "../errors.js";
import { namesIn, sha256OfPlainFile, sizeOfPlainFile } from "../files/read.js";
import {
  type FileFacts,
  isPointFolder,
  type Manifest,
  manifestName,
  readManifest,
} from "./manifest.js";

/** A checkpoint: its manifest, its folder, and the paths of its files. */
export interface Checkpoint extends Omit<Manifest, "format" | "files"> {
  readonly folder: string;
  /** Bytes of all files together. */
  readonly bytes: number;
  readonly files: Readonly<Record<string, FileFacts & { readonly path: string }>>;
}

/** A checkpoint that cannot be used. It is never deleted automatically. */
export interface DamagedCheckpoint {
  readonly id: string;
  readonly folder: string;
  /** null where even that cannot be read. */
  readonly order: number | null;
  readonly code: RunErrorCode;
  /** One line. */
  readonly reason: string;
}

/** One checkpoint of a listing. */
export type CheckpointEntry =
  | { readonly id: string; readonly checkpoint: Checkpoint; readonly damage: null }
  | { readonly id: string; readonly checkpoint: null; readonly damage: DamagedCheckpoint };

/**
 * The checkpoints in the folder `checkpoints`, by order, those of unknown order last. `verify` (default
 * false) reads every file and compares its SHA-256; without it only sizes are compared.
 * Throws RunError when the folder cannot be listed; none where there is no folder.
 */
export function listCheckpoints(folder: string, { verify = false } = {}): CheckpointEntry[] {
  // Links are reported as damaged.
  const isFolderOrLink = (entry: Dirent) => entry.isDirectory() || entry.isSymbolicLink();
  return namesIn(folder, (entry) => isFolderOrLink(entry) && isPointFolder(entry.name))
    .map((id) => examine(folder, id, { verify }))
    .filter(({ damage }) => damage === null || isThere(damage.folder))
    .sort(byOrder);
}

/**
 * The newest whole checkpoint in the folder `checkpoints` or null, and the damaged ones that were passed
 * over: those after it and those of unknown order. `verify` (default true) as in listCheckpoints; only the
 * checkpoints from the newest to the one found are read in full.
 */
export function newestCheckpoint(
  folder: string,
  { verify = true } = {},
): { checkpoint: Checkpoint | null; damaged: DamagedCheckpoint[] } {
  const damaged: DamagedCheckpoint[] = [];
  let newest: Checkpoint | null = null;
  for (const entry of listCheckpoints(folder).reverse()) {
    const again: boolean = verify && entry.damage === null && newest === null;
    const read: CheckpointEntry = again ? examine(folder, entry.id, { verify }) : entry;
    // Another process has pruned it meanwhile: there is a newer one.
    if (read.damage !== null && !isThere(read.damage.folder))
      return newestCheckpoint(folder, { verify });
    if (read.damage === null) newest ??= read.checkpoint;
    else if (newest === null || read.damage.order === null) damaged.push(read.damage);
  }
  return { checkpoint: newest, damaged };
}

/** Reads one checkpoint; its damage is in the entry, not thrown. */
export function examine(folder: string, id: string, { verify = false } = {}): CheckpointEntry {
  const place = join(folder, id);
  let manifest: Manifest | undefined;
  try {
    if (!fileOperation("read", place, () => lstatSync(place)).isDirectory())
      throw new RunError("corrupt", "it is a link, expected a folder");
    manifest = readManifest(join(place, manifestName), id);
    const checkpoint = checkpointAt(place, manifest);
    if (verify) verifyFiles(checkpoint);
    return { id, checkpoint, damage: null };
  } catch (error) {
    if (!(error instanceof RunError)) throw error;
    const order = manifest?.order ?? null;
    const { code, message: reason } = error;
    return { id, checkpoint: null, damage: { id, folder: place, order, code, reason } };
  }
}

/** The checkpoint of a manifest; its files exist and have their sizes. */
function checkpointAt(folder: string, { format: _, ...manifest }: Manifest): Checkpoint {
  let bytes = 0;
  const files = Object.entries(manifest.files).map(([name, file]) => {
    const path = join(folder, name);
    const size = sizeOfPlainFile(path);
    if (size !== file.size)
      throw new RunError("corrupt", `${name} has ${size} bytes, expected ${file.size}`);
    bytes += size;
    return [name, { ...file, path }] as const;
  });
  return { ...manifest, folder, bytes, files: Object.fromEntries(files) };
}

function verifyFiles({ files }: Checkpoint): void {
  for (const [name, { path, sha256 }] of Object.entries(files)) {
    const found = sha256OfPlainFile(path);
    if (found === sha256) continue;
    const [is, expected] = [found, sha256].map((text) => `${text.slice(0, 12)}…`);
    throw new RunError("corrupt", `${name} has sha256 ${is}, expected ${expected}`);
  }
}

/** False once another process has pruned the checkpoint. */
function isThere(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
}

function byOrder(a: CheckpointEntry, b: CheckpointEntry): number {
  const order = ({ checkpoint, damage }: CheckpointEntry) =>
    (checkpoint ?? damage).order ?? Number.POSITIVE_INFINITY;
  return order(a) === order(b) ? (a.id < b.id ? -1 : 1) : order(a) - order(b);
}
