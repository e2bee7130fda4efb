// Saves checkpoints. After a kill or with a full disk the last checkpoint must be whole: each is
// written under a temporary name, then renamed; older ones are removed last.
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { join } from "node:path";
import {
  chunksOf,
  errnoOf,
  type FileData,
  FileError,
  fileError,
  removeFolder,
  stageFolder,
  syncFolder,
  writeFlushed,
} from "@dsbm/files";
import { isRunFault, RunError } from "../errors.js";
import { type Manifest, manifestName, manifestText } from "./manifest.js";
import {
  type Checkpoint,
  checkpointOf,
  examineCheckpoint,
  listCheckpoints,
  newestCheckpoint,
} from "./read.js";

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

/** What a save did. */
export interface SavedCheckpoint {
  /** The new checkpoint under its final name. */
  checkpoint: Checkpoint;
  /** Ids of older checkpoints that the policy removed. */
  removed: string[];
  /** Files that could not be removed, a line each. */
  warnings: string[];
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
  private readonly verified = new Set<string>();

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
   * Saves a checkpoint. On return it is on the disk, and the policy has removed older ones. Throws
   * FileError "disk_full", "read_only", … and then keeps the older ones, and RunError
   * "bad_argument" for bad names and for an order before another checkpoint's.
   */
  save(point: CheckpointPoint): SavedCheckpoint {
    const older = this.points();
    const later = older.find((other) => other.order > point.order);
    if (later)
      throw new RunError(
        "bad_argument",
        `a checkpoint was given the order ${point.order}, but ${later.id} has ${later.order}: first remove later checkpoints with dropAfter`,
      );
    const checkpoint = this.write(point, older);
    this.verified.add(checkpoint.id);
    return { checkpoint, ...this.prune() };
  }

  /** Removes leftovers of a killed process; returns warnings. */
  tidy(): string[] {
    return this.prune().warnings;
  }

  /**
   * Removes the whole checkpoints after `order`, newest first. Returns their ids.
   * Throws FileError.
   */
  dropAfter(order: number): string[] {
    const later = this.points().filter((point) => point.order > order);
    for (const { folder } of later.reverse()) removeFolder(folder);
    return later.map(({ id }) => id);
  }

  private write(point: CheckpointPoint, older: readonly Checkpoint[]): Checkpoint {
    const facts = point.facts as Manifest["facts"];
    const id = this.freeName(point.id);
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
      throw refusalOf(error, folder, older);
    }
  }

  private freeName(id: string): string {
    let name = id;
    for (let n = 2; existsSync(join(this.folder, name)); n++) name = `${id}+${n}`;
    return name;
  }

  private points(): Checkpoint[] {
    return listCheckpoints(this.folder).flatMap(({ checkpoint }) => checkpoint ?? []);
  }

  private isWhole({ id }: Checkpoint): boolean {
    if (this.verified.has(id)) return true;
    const isWhole = examineCheckpoint(this.folder, id, { verify: true }).checkpoint !== null;
    if (isWhole) this.verified.add(id);
    return isWhole;
  }

  private prune(): { removed: string[]; warnings: string[] } {
    const removed: string[] = [];
    const warnings: string[] = [];
    try {
      for (const { id, folder } of this.superfluous()) {
        removeFolder(folder);
        removed.push(id);
      }
    } catch (error) {
      if (!isRunFault(error)) throw error;
      warnings.push(error.message);
    }
    return { removed, warnings };
  }

  private superfluous(): Checkpoint[] {
    let kept = 0;
    let lastOrder = Number.NaN;
    const superfluous: Checkpoint[] = [];
    for (const point of this.points().reverse()) {
      if (!this.isWhole(point)) continue;
      if (point.order === lastOrder || kept === this.keep_last) superfluous.unshift(point);
      else kept += 1;
      lastOrder = point.order;
    }
    return superfluous;
  }
}

function writeHashed(path: string, data: FileData): Manifest["files"][string] {
  const hash = createHash("sha256");
  let size = 0;
  function* hashed(): Iterable<Uint8Array> {
    for (const chunk of chunksOf(data)) {
      hash.update(chunk);
      size += chunk.byteLength;
      yield chunk;
    }
  }
  writeFlushed(path, hashed());
  return { size, sha256: hash.digest("hex") };
}

function refusalOf(error: unknown, folder: string, older: readonly Checkpoint[]): unknown {
  if (!(error instanceof FileError) && errnoOf(error) === undefined) return error;
  const cause = fileError("save the checkpoint", folder, error);
  const newest = older.at(-1)?.id;
  const rest =
    newest === undefined
      ? "no older checkpoint exists"
      : `the older checkpoints (${older.length}, newest ${newest}) are intact`;
  return new FileError(cause.code, `${cause.message}; ${rest}`, { cause: error });
}
