// Saved points as they are found: whole, or damaged with the reason. Reading changes nothing, so it
// works beside a run that is saving, and in a folder that cannot be written.
import { existsSync, lstatSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { fileError, RunError, type RunErrorCode } from "../errors.js";
import { sha256OfPlainFile, sizeOfPlainFile } from "../files/read.js";
import {
  type FileFacts,
  isPointFolder,
  type Manifest,
  manifestName,
  readManifest,
} from "./manifest.js";

/** A file of a saved point, with the path to read it from. */
export interface CheckpointFile extends FileFacts {
  readonly path: string;
}

/** A saved point. */
export interface Checkpoint {
  readonly id: string;
  /** The folder of this point. */
  readonly folder: string;
  /** Position in the run; the newest point is the one with the greatest. */
  readonly order: number;
  /** Counts the points of a run from 1; `keep_every` goes by it. */
  readonly serial: number;
  /** Kept for good. */
  readonly milestone: boolean;
  /** Version of dsbm that wrote it. */
  readonly dsbm: string;
  /** ISO 8601 in UTC. */
  readonly created: string;
  /** Bytes of all files together. */
  readonly bytes: number;
  readonly files: Readonly<Record<string, CheckpointFile>>;
  readonly facts: Readonly<Record<string, unknown>>;
}

/** A point that cannot be used. It is never deleted by itself. */
export interface DamagedCheckpoint {
  readonly id: string;
  readonly folder: string;
  /** null where even that cannot be read. */
  readonly order: number | null;
  readonly code: RunErrorCode;
  /** One line. */
  readonly reason: string;
}

/** What newestCheckpoint found. */
export interface NewestCheckpoint {
  readonly checkpoint: Checkpoint | null;
  readonly damaged: readonly DamagedCheckpoint[];
}

/** One point of a listing. */
export type CheckpointEntry =
  | { readonly id: string; readonly checkpoint: Checkpoint; readonly damage: null }
  | { readonly id: string; readonly checkpoint: null; readonly damage: DamagedCheckpoint };

/**
 * The points in the folder `checkpoints`, by order, those of unknown order last. `verify` (default
 * false) reads every file and compares its SHA-256; without it only sizes are compared.
 * Throws RunError when the folder cannot be listed; none where there is no folder.
 */
export function listCheckpoints(folder: string, { verify = false } = {}): CheckpointEntry[] {
  return pointIds(folder)
    .map((id) => examine(folder, id, { verify }))
    .filter(({ damage }) => damage === null || isThere(damage.folder))
    .sort(byOrder);
}

/**
 * The newest whole point in the folder `checkpoints` or null, and the damaged ones that were passed
 * over: those after it and those whose place cannot be told. `verify` (default true) as in
 * listCheckpoints; only the points from the newest to the one found are read in full.
 */
export function newestCheckpoint(folder: string, { verify = true } = {}): NewestCheckpoint {
  const damaged: DamagedCheckpoint[] = [];
  let newest: Checkpoint | null = null;
  for (const entry of listCheckpoints(folder).reverse()) {
    const again: boolean = verify && entry.damage === null && newest === null;
    const seen: CheckpointEntry = again ? examine(folder, entry.id, { verify }) : entry;
    // A writer beside us has pruned it meanwhile: there is a newer one.
    if (seen.damage !== null && !isThere(seen.damage.folder)) {
      return newestCheckpoint(folder, { verify });
    }
    if (seen.damage === null) newest ??= seen.checkpoint;
    else if (newest === null || seen.damage.order === null) damaged.push(seen.damage);
  }
  return { checkpoint: newest, damaged };
}

/**
 * The point `id` in the folder `checkpoints`, every file verified.
 * Throws RunError "not_found", "newer_format", "corrupt" or a file error.
 */
export function loadCheckpoint(folder: string, id: string): Checkpoint {
  const ids = pointIds(folder);
  if (!ids.includes(id)) {
    const known = ids.length > 0 ? `there are ${ids.join(", ")}` : "there are none";
    throw new RunError("not_found", `there is no checkpoint ${id} in ${folder}: ${known}`);
  }
  const { checkpoint, damage } = examine(folder, id, { verify: true });
  if (damage === null) return checkpoint;
  throw new RunError(
    damage.code,
    `checkpoint ${id} in ${folder} cannot be used (${damage.reason}): take another one`,
  );
}

/** Looks at one point; what is wrong with it is in the entry, nothing is thrown for it. */
export function examine(folder: string, id: string, { verify = false } = {}): CheckpointEntry {
  const place = join(folder, id);
  let manifest: Manifest | undefined;
  try {
    if (!isFolder(place)) throw new RunError("corrupt", "it is a link, expected a folder");
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

/** The point of a manifest, its files there with their sizes. */
function checkpointAt(folder: string, manifest: Manifest): Checkpoint {
  const { id, order, serial, milestone, dsbm, created, facts } = manifest;
  const files: Record<string, CheckpointFile> = {};
  let bytes = 0;
  for (const [name, file] of Object.entries(manifest.files)) {
    const path = join(folder, name);
    const size = sizeOfPlainFile(path);
    if (size !== file.size) {
      throw new RunError("corrupt", `${name} has ${size} bytes, expected ${file.size}`);
    }
    files[name] = { size, sha256: file.sha256, path };
    bytes += size;
  }
  return { id, folder, order, serial, milestone, dsbm, created, bytes, files, facts };
}

function verifyFiles({ files }: Checkpoint): void {
  for (const [name, { path, sha256 }] of Object.entries(files)) {
    const found = sha256OfPlainFile(path);
    if (found === sha256) continue;
    const [is, expected] = [found, sha256].map((text) => `${text.slice(0, 12)}…`);
    throw new RunError("corrupt", `${name} has sha256 ${is}, expected ${expected}`);
  }
}

/** Names of the points: folders, and links so that they are named; other names are not ours. */
function pointIds(folder: string): string[] {
  if (!existsSync(folder)) return [];
  try {
    return readdirSync(folder, { withFileTypes: true })
      .filter((entry) => entry.isDirectory() || entry.isSymbolicLink())
      .map((entry) => entry.name)
      .filter(isPointFolder)
      .sort();
  } catch (error) {
    throw fileError("list", folder, error);
  }
}

/** False once a writer beside us has pruned the point. */
function isThere(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
}

function isFolder(path: string): boolean {
  try {
    return lstatSync(path).isDirectory();
  } catch (error) {
    throw fileError("read", path, error);
  }
}

function byOrder(a: CheckpointEntry, b: CheckpointEntry): number {
  const order = ({ checkpoint, damage }: CheckpointEntry) =>
    (checkpoint ?? damage).order ?? Number.POSITIVE_INFINITY;
  return order(a) === order(b) ? (a.id < b.id ? -1 : 1) : order(a) - order(b);
}
