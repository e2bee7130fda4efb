// A run that is killed at any instant, or whose disk is full, must find its last checkpoint whole.
// One folder a checkpoint: written and flushed under a temporary name, then renamed; older ones are removed after that.
import { existsSync } from "node:fs";
import { RunError, refuse } from "../errors.js";
import { sweepTemporaries } from "../files/temporaries.js";
import { type FileData, syncFolder, temporaryPath } from "../files/write.js";
import { putInPlace, removeFolder, restoreReplaced } from "./folder.js";
import { checkpointFormat, isFileName, isPointId, manifestName, manifestText } from "./manifest.js";
import { type Checkpoint, examine, listCheckpoints, newestCheckpoint } from "./read.js";
import { PointWriter, refusalError } from "./write.js";

/** Which checkpoints are kept: the newest few, milestones, and every k-th. */
interface KeepPolicy {
  /** How many of the newest whole checkpoints are kept (default 3, at least 1). */
  keep_last?: number;
  /** k: every k-th checkpoint that a run saves is kept for good (default null: none). */
  keep_every?: number | null;
}

/** A checkpoint to be saved. */
export interface CheckpointPoint {
  /** Its folder's name, sortable and readable: it0003_b_step00005000. */
  id: string;
  /** Position in the run, e.g. steps so far. */
  order: number;
  /** Never removed by the policy (default false). */
  milestone?: boolean;
  /** Any JSON; NaN and infinities too, which are written as strings of that name. */
  facts: object;
  /** Content by file name; the chunks of an iterable are written one by one. */
  files: Readonly<Record<string, FileData>>;
}

export interface SavedCheckpoint {
  checkpoint: Checkpoint;
  /** Ids of older checkpoints that the policy removed. */
  removed: string[];
  /** One line each: what could not be removed, and the damaged checkpoint that was set aside. */
  warnings: string[];
}

export type { CheckpointStore };

/**
 * Opens the folder `checkpoints` of a run for saving, and removes what killed processes left. The folder is made by the
 * first save. `dsbm` is the version for the manifests. Throws RunError.
 */
export function openCheckpoints(
  folder: string,
  options: KeepPolicy & { dsbm: string },
): CheckpointStore {
  const policy = checkPolicy(options);
  if (existsSync(folder)) {
    restoreReplaced(folder);
    sweepTemporaries(folder);
  }
  return new CheckpointStore(folder, options.dsbm, policy);
}

/** The checkpoints of one run. One process writes at a time: hold the run's lock. */
class CheckpointStore {
  /** When the checkpoints that we wrote or verified were created, by id: none is read in full twice. */
  private readonly known = new Map<string, string>();

  constructor(
    readonly folder: string,
    private readonly dsbm: string,
    private readonly policy: Required<KeepPolicy>,
  ) {}

  /** The newest whole checkpoint and the damaged ones passed over, see newestCheckpoint. */
  newest() {
    return newestCheckpoint(this.folder);
  }

  /**
   * Saves a checkpoint; when it returns the checkpoint is on the disk, and then older ones were removed as the
   * policy says. A whole one of the same id is replaced, a damaged one is set aside. Throws RunError "disk_full",
   * "read_only", "permission", … and leaves the older ones as they were; "bad_argument" for bad names and for an
   * order before that of a whole checkpoint.
   */
  save(point: CheckpointPoint): SavedCheckpoint {
    refuseBadNames(point);
    const older = this.points();
    const next = older.findLast(
      (other) => other.id !== point.id && other.order > point.order && this.isWhole(other),
    );
    if (next !== undefined) {
      throw new RunError(
        "bad_argument",
        `checkpoint ${point.id} has order ${point.order}, but ${next.id} has ${next.order} and would be found first: remove the later ones with dropAfter before`,
      );
    }
    const serial =
      older.find(({ id }) => id === point.id)?.serial ??
      1 + Math.max(0, ...older.map((other) => other.serial));
    const warnings = this.write(point, serial, older);
    const { checkpoint, damage } = examine(this.folder, point.id);
    if (damage !== null) {
      const what = `checkpoint ${point.id} was saved in ${this.folder} but reads back damaged`;
      throw new RunError(damage.code, `${what} (${damage.reason}): check the disk`);
    }
    this.known.set(point.id, checkpoint.created);
    return { checkpoint, removed: this.prune(warnings), warnings };
  }

  /** Removes what a process that was killed after a save had yet to remove; returns warnings. */
  tidy(): string[] {
    const warnings: string[] = [];
    this.prune(warnings);
    return warnings;
  }

  /**
   * Removes the whole checkpoints after `order`, milestones too, newest first, before the run continues from
   * there. Returns their ids. Throws RunError.
   */
  dropAfter(order: number): string[] {
    const later = this.points().filter((point) => point.order > order);
    for (const { folder } of later.reverse()) removeFolder(this.folder, folder);
    return later.map(({ id }) => id);
  }

  /** Writes the checkpoint and gives it its name; returns warnings. */
  private write(point: CheckpointPoint, serial: number, older: readonly Checkpoint[]): string[] {
    const { id, order, milestone = false } = point;
    const facts = point.facts as Record<string, unknown>;
    const writer = new PointWriter(temporaryPath(this.folder));
    try {
      const files = Object.entries(point.files).map(
        ([name, data]) => [name, writer.file(name, data)] as const,
      );
      const about = {
        format: checkpointFormat,
        dsbm: this.dsbm,
        created: new Date().toISOString(),
      };
      const manifest = { ...about, id, order, serial, milestone, files: Object.fromEntries(files) };
      writer.file(manifestName, manifestText({ ...manifest, facts }));
      writer.attempt(() => syncFolder(writer.folder));
    } catch (error) {
      writer.discard();
      throw error;
    }
    const whole = examine(this.folder, id, { verify: true }).damage === null;
    const place = { parent: this.folder, id, whole };
    const moved = writer.attempt(() => putInPlace(writer.folder, place));
    if (moved === undefined) throw refusalError(writer, { folder: this.folder, id, older });
    const warnings: string[] = [];
    const { replaced, aside } = moved;
    if (replaced !== undefined) warn(warnings, () => removeFolder(this.folder, replaced));
    if (aside !== undefined)
      warnings.push(`the checkpoint ${id} was damaged and was set aside as ${aside}`);
    return warnings;
  }

  private points(): Checkpoint[] {
    return listCheckpoints(this.folder).flatMap(({ checkpoint }) => checkpoint ?? []);
  }

  private isWhole({ id, created }: Checkpoint): boolean {
    if (this.known.get(id) === created) return true;
    if (examine(this.folder, id, { verify: true }).damage !== null) return false;
    this.known.set(id, created);
    return true;
  }

  /** Removes what the policy does not keep; returns the ids. */
  private prune(warnings: string[]): string[] {
    const removed: string[] = [];
    warn(warnings, () => {
      for (const { id, folder } of superfluous(this.points(), this.policy, (p) => this.isWhole(p)))
        warn(warnings, () => {
          removeFolder(this.folder, folder);
          removed.push(id);
        });
    });
    return removed;
  }
}

/** Does what may fail without harm to the checkpoint that was saved; a failure is a warning. */
function warn(warnings: string[], tidyUp: () => void): void {
  try {
    tidyUp();
  } catch (error) {
    if (!(error instanceof RunError)) throw error;
    warnings.push(error.message);
  }
}

function refuseBadNames({ id, order, files }: CheckpointPoint): void {
  const name = Object.keys(files).find((file) => !isFileName(file));
  const short = (text = "") => JSON.stringify(text.slice(0, 120));
  refuse("a checkpoint", [
    [!isPointId(id), `the id ${short(id)}, expected up to 100 letters, digits and _ = + -`],
    [!Number.isFinite(order), `the order ${order}, expected a number`],
    [name !== undefined, `a file ${short(name)}, expected a plain name other than ${manifestName}`],
  ]);
}

/** The policy with its defaults. Throws RunError "bad_argument". */
function checkPolicy({ keep_last = 3, keep_every = null }: KeepPolicy): Required<KeepPolicy> {
  for (const [key, value] of Object.entries({ keep_last, keep_every })) {
    if (
      (Number.isSafeInteger(value) && Number(value) >= 1) ||
      (key === "keep_every" && value === null)
    )
      continue;
    const expected = `expected ${key === "keep_every" ? "null or " : ""}a whole number from 1 on`;
    throw new RunError("bad_argument", `${key} is ${value}, ${expected}`);
  }
  return { keep_last, keep_every };
}

/**
 * Those of the checkpoints, in order from the oldest, that need not be kept. Damaged ones neither count nor are
 * removed. `isWhole` is called as rarely as possible.
 */
function superfluous(
  points: readonly Checkpoint[],
  { keep_last, keep_every }: Required<KeepPolicy>,
  isWhole: (point: Checkpoint) => boolean,
): Checkpoint[] {
  let last = 0;
  const given: Checkpoint[] = [];
  for (const point of [...points].reverse()) {
    const { milestone, serial } = point;
    const forGood = milestone || (keep_every !== null && serial % keep_every === 0);
    if (last < keep_last) last += isWhole(point) ? 1 : 0;
    else if (!forGood && isWhole(point)) given.unshift(point);
  }
  return given;
}
