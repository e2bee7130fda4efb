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
import { isRunFault, refuse } from "../errors.js";
import { fileName, type Manifest, manifestName, manifestText, pointId } from "./manifest.js";
import {
  type Checkpoint,
  checkpointOf,
  examineCheckpoint,
  listCheckpoints,
  newestCheckpoint,
} from "./read.js";

interface KeepPolicy {
  keep_last?: number;
  keep_every?: number | null;
}

/** The name and the position of a new checkpoint. */
export interface CheckpointPoint {
  /**
   * Folder name, sortable and readable: it0003_b_step00005000. A "+2" is added if the name exists.
   */
  id: string;
  /** Position in the run, e.g. steps so far. */
  order: number;
  /** Never removed by the policy (default false). */
  milestone?: boolean;
  /** Any JSON, also NaN and infinities. */
  facts: object;
  /** Content by file name. The chunks of an iterable are written one by one. */
  files: Readonly<Record<string, FileData>>;
}

/** What a save did. */
export interface SavedCheckpoint {
  checkpoint: Checkpoint;
  /** Ids of older checkpoints that the policy removed. */
  removed: string[];
  /** Files that could not be removed, a line each. */
  warnings: string[];
}

export type { CheckpointStore };

/**
 * Opens the folder `checkpoints` of a run for saving. The first save makes the folder. `dsbm` is
 * the version for manifests. Throws RunError "bad_argument".
 */
export function openCheckpoints(
  folder: string,
  { dsbm, keep_last = 3, keep_every = null }: KeepPolicy & { dsbm: string },
): CheckpointStore {
  const isCount = (value: number) => Number.isSafeInteger(value) && value >= 1;
  refuse("checkpoints", [
    [!isCount(keep_last), `keep_last ${keep_last}, expected a whole number from 1 on`],
    [
      keep_every !== null && !isCount(keep_every),
      `keep_every ${keep_every}, expected null or a whole number from 1 on`,
    ],
  ]);
  return new CheckpointStore(folder, dsbm, { keep_last, keep_every });
}

/** The checkpoints of one run folder; open it with `openCheckpoints`. */
class CheckpointStore {
  private readonly verified = new Set<string>();

  constructor(
    readonly folder: string,
    private readonly dsbm: string,
    private readonly policy: Required<KeepPolicy>,
  ) {}

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
    refuseBadPoint(point, older);
    const checkpoint = this.write(point, older);
    this.verified.add(checkpoint.id);
    return { checkpoint, ...this.prune() };
  }

  /** Removes leftovers of a killed process; returns warnings. */
  tidy(): string[] {
    return this.prune().warnings;
  }

  /**
   * Removes the whole checkpoints after `order`, also milestones, newest first. Returns their ids.
   * Throws FileError.
   */
  dropAfter(order: number): string[] {
    const later = this.points().filter((point) => point.order > order);
    for (const { folder } of later.reverse()) removeFolder(folder);
    return later.map(({ id }) => id);
  }

  private write(point: CheckpointPoint, older: readonly Checkpoint[]): Checkpoint {
    const { order, milestone = false } = point;
    const facts = point.facts as Manifest["facts"];
    const id = this.freeName(point.id);
    const folder = join(this.folder, id);
    const serial = 1 + Math.max(0, ...older.map((other) => other.serial));
    const created = new Date().toISOString();
    const manifest = { dsbm: this.dsbm, created, id, order, serial, milestone, facts };
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
    const { keep_last, keep_every } = this.policy;
    let kept = 0;
    let lastOrder = Number.NaN;
    const superfluous: Checkpoint[] = [];
    const newestFirst = this.points().sort((a, b) => b.order - a.order || b.serial - a.serial);
    for (const point of newestFirst) {
      const { milestone, serial, order } = point;
      const isReplaced = order === lastOrder;
      const isForGood = milestone || (keep_every !== null && serial % keep_every === 0);
      if (!isReplaced && kept < keep_last) kept += this.isWhole(point) ? 1 : 0;
      else if ((isReplaced || !isForGood) && this.isWhole(point)) superfluous.unshift(point);
      if (this.verified.has(point.id)) lastOrder = order;
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

function refuseBadPoint({ id, order, files }: CheckpointPoint, older: readonly Checkpoint[]) {
  const name = Object.keys(files).find((file) => !fileName.test(file));
  const short = (text = "") => JSON.stringify(text.slice(0, 120));
  const later = older.find((other) => other.order > order);
  refuse("a checkpoint", [
    [!pointId.test(id), `the id ${short(id)}, expected up to 100 letters, digits and _ = + -`],
    [!Number.isFinite(order), `the order ${order}, expected a number`],
    [name !== undefined, `a file ${short(name)}, expected a plain name other than ${manifestName}`],
    [
      later !== undefined,
      `the order ${order}, but ${later?.id} has ${later?.order}: first remove later checkpoints with dropAfter`,
    ],
  ]);
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
