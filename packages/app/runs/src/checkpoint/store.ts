// Saves checkpoints. After a kill or with a full disk the last checkpoint must be whole: each is
// written under a temporary name, then renamed; older ones are removed last.
import { existsSync, statSync } from "node:fs";
import { join } from "node:path";
import {
  errnoOf,
  type FileData,
  FileError,
  fileError,
  removeFolder,
  sha256OfFile,
  stageFolder,
  syncFolder,
  writeFlushed,
} from "@dsbm/files";
import { isRunFault } from "../errors.js";
import {
  type Checkpoint,
  checkpointOf,
  listCheckpoints,
  type Manifest,
  manifestName,
  manifestText,
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
   * Saves a checkpoint. On return it is on the disk, and older ones are removed; warnings name
   * what could not be removed. Throws FileError "disk_full", "read_only", … and then keeps the
   * older ones.
   */
  save(point: CheckpointPoint): { checkpoint: Checkpoint; warnings: string[] } {
    const checkpoint = this.write(point);
    return { checkpoint, warnings: this.tidy() };
  }

  /** Removes the checkpoints beyond `keep_last`, and earlier ones of one order; returns warnings. */
  tidy(): string[] {
    const orders = new Set<number>();
    try {
      for (const { folder, order } of this.points().reverse()) {
        if (orders.has(order) || orders.size === this.keep_last) removeFolder(folder);
        else orders.add(order);
      }
      return [];
    } catch (error) {
      if (!isRunFault(error)) throw error;
      return [error.message];
    }
  }

  /** Removes the whole checkpoints after `order`, newest first. Throws FileError. */
  dropAfter(order: number): void {
    const later = this.points().filter((point) => point.order > order);
    for (const { folder } of later.reverse()) removeFolder(folder);
  }

  private write(point: CheckpointPoint): Checkpoint {
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
      if (!(error instanceof FileError) && errnoOf(error) === undefined) throw error;
      const { code, message } = fileError("save the checkpoint", folder, error);
      throw new FileError(code, `${message}; older checkpoints are intact`, { cause: error });
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
}

function writeHashed(path: string, data: FileData): Manifest["files"][string] {
  writeFlushed(path, data);
  return { size: statSync(path).size, sha256: sha256OfFile(path) };
}
