// Saves checkpoints. After a kill or with a full disk the last checkpoint must be whole: each is
// written under a temporary name, then renamed; older ones are removed last.
import { existsSync, lstatSync, statSync } from "node:fs";
import { join } from "node:path";
import {
  errnoOf,
  type FileData,
  FileError,
  fileError,
  fileOperation,
  readPlainFile,
  removeFolder,
  sha256OfFile,
  stageFolder,
  syncFolder,
  withPlainFile,
  writeFlushed,
} from "@dsbm/files";
import { z } from "zod";
import { isRunFault, RunError } from "../errors.js";
import { checkAs, fromJson, namesIn, toJson } from "../files/json.js";

/** The name and the position of a new checkpoint. */
export interface CheckpointPoint {
  /**
   * Folder name, sortable and readable: it0003_b_step00005000. A "+2" is added if the name exists.
   */
  id: string;
  /** Position in the run, e.g. steps so far. */
  order: number;
  /** Any JSON, also NaN and infinities. */
  facts: object;
  /** Content by file name. The chunks of an iterable are written one by one. */
  files: Readonly<Record<string, FileData>>;
}

export type { CheckpointStore };

/**
 * Opens the folder `checkpoints` of a run for saving. The first save makes the folder. `dsbm` is
 * the version for manifests.
 */
export function openCheckpoints(
  folder: string,
  { dsbm, keep_last = 3 }: { dsbm: string; keep_last?: number },
): CheckpointStore {
  return new CheckpointStore(folder, dsbm, keep_last);
}

/** The checkpoints of one run folder; open it with `openCheckpoints`. */
class CheckpointStore {
  constructor(
    /** Path of the folder `checkpoints`. */
    readonly folder: string,
    private readonly dsbm: string,
    private readonly keep_last: number,
  ) {}

  /** The latest whole checkpoint, null without one, and the damaged ones. */
  newest() {
    return newestCheckpoint(this.folder);
  }

  /**
   * Saves a checkpoint. On return it is on the disk, and older ones are removed; warnings name what could not be
   * removed.
   * @throws {FileError} "disk_full", "read_only", … and then keeps the older ones.
   */
  save(point: CheckpointPoint): { checkpoint: Checkpoint; warnings: string[] } {
    const checkpoint = this.#write(point);
    return { checkpoint, warnings: this.tidy() };
  }

  /** Removes the checkpoints beyond `keep_last`, and earlier ones of one order; returns warnings. */
  tidy(): string[] {
    const orders = new Set<number>();
    try {
      for (const { folder, order } of this.#points().reverse()) {
        if (orders.has(order) || orders.size === this.keep_last) removeFolder(folder);
        else orders.add(order);
      }
      return [];
    } catch (error) {
      if (!isRunFault(error)) throw error;
      return [error.message];
    }
  }

  /**
   * Removes the whole checkpoints after `order`, newest first.
   * @throws {FileError}
   */
  dropAfter(order: number): void {
    const later = this.#points().filter((point) => point.order > order);
    for (const { folder } of later.reverse()) removeFolder(folder);
  }

  #write(point: CheckpointPoint): Checkpoint {
    const facts = point.facts as Manifest["facts"];
    const id = this.#freeName(point.id);
    const folder = join(this.folder, id);
    const created = new Date().toISOString();
    const manifest = { dsbm: this.dsbm, created, id, order: point.order, facts };
    try {
      const staged = stageFolder(folder);
      try {
        const files = Object.entries(point.files).map(
          ([name, data]) => [name, writeHashed(join(staged.temporary, name), data)] as const,
        );
        const whole = { ...manifest, files: Object.fromEntries(files) };
        writeFlushed(join(staged.temporary, manifestName), manifestText(whole));
        syncFolder(staged.temporary);
        staged.commit();
        return checkpointOf(folder, { format: 1, ...whole });
      } finally {
        staged.discard();
      }
    } catch (error) {
      if (!(error instanceof FileError) && errnoOf(error) === undefined) throw error;
      const { code, message } = fileError("save the checkpoint", folder, error);
      throw new FileError(code, `${message}; older checkpoints are intact`, { cause: error });
    }
  }

  #freeName(id: string): string {
    let name = id;
    for (let n = 2; existsSync(join(this.folder, name)); n++) name = `${id}+${n}`;
    return name;
  }

  #points(): Checkpoint[] {
    return listCheckpoints(this.folder).flatMap(({ checkpoint }) => checkpoint ?? []);
  }
}

function writeHashed(path: string, data: FileData): Manifest["files"][string] {
  writeFlushed(path, data);
  return { size: statSync(path).size, sha256: sha256OfFile(path) };
}

// Reads checkpoints, whole or damaged, and changes nothing: a run may save at the same time. manifest.json is written last
// into a checkpoint and lists its files.

const checkpointFormat = 1;

const manifestName = "manifest.json";

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
type Manifest = z.output<typeof manifest>;

/** A manifest as text. */
const manifestText = (facts: Omit<Manifest, "format">): string =>
  `${toJson({ format: checkpointFormat, ...facts }, { indent: 2 })}\n`;

/**
 * Reads the manifest of a checkpoint's folder.
 * @throws {RunError} "newer_format" or "corrupt", or FileError.
 */
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
function checkpointOf(folder: string, manifest: Manifest): Checkpoint {
  const files = Object.entries(manifest.files).map(
    ([name, facts]) => [name, { ...facts, path: join(folder, name) }] as const,
  );
  return { ...manifest, folder, files: Object.fromEntries(files) };
}

/**
 * The checkpoints in the folder `checkpoints` by order, unknown orders last. Compares sizes, not contents.
 * @throws {FileError} if the folder cannot be listed.
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
 * @throws as listCheckpoints.
 */
export function newestCheckpoint(folder: string): {
  checkpoint: Checkpoint | null;
  damaged: CheckpointEntry[];
} {
  const damaged: CheckpointEntry[] = [];
  for (const { id } of listCheckpoints(folder).reverse()) {
    const entry = examineCheckpoint(folder, id, { isVerified: true });
    if (entry.checkpoint) return { checkpoint: entry.checkpoint, damaged };
    damaged.push(entry);
  }
  return { checkpoint: null, damaged };
}

function examineCheckpoint(
  parent: string,
  id: string,
  { isVerified = false } = {},
): CheckpointEntry {
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
