// Limits on the memory and time that reading a checkpoint may take: files from unknown sources must not be able to
// exhaust either.
import { FormatError } from "../errors.js";

/** Bounds of reading a checkpoint; what goes beyond is refused with the code `OutOfRange`. */
export interface PtLimits {
  /** Bytes of all records unpacked, and of all tensors made from them. Default 64 GiB. */
  maxBytes?: number;
  /**
   * The same bytes as a multiple of the file's length. torch.save does not compress, so that 1 is the
   * rule; a file zipped again, or a few expanded tensors, need more. 16 MiB are always granted. Default 20.
   */
  maxRatio?: number;
  /** Records in the zip archive. Default 100,000. */
  maxRecords?: number;
  /** Operations of the pickle (dictionaries count as eight more), and values that it describes, shared ones each time. Default 1,000,000. */
  maxValues?: number;
  /** Containers within containers. Default 64. */
  maxDepth?: number;
}

/** The longest pickle that is looked at, in bytes: it names tensors and does not hold them. */
export const pickleLimit = 64 * 2 ** 20;

/** The least number of bytes that any file may unpack to. */
const floor = 16 * 2 ** 20;

/** Fills in the defaults; throws `OutOfRange` for a limit that is no number of at least 0. */
export function withDefaults(limits: PtLimits, source: string): Required<PtLimits> {
  const all = {
    maxBytes: 64 * 2 ** 30,
    maxRatio: 20,
    maxRecords: 100_000,
    maxValues: 1_000_000,
    maxDepth: 64,
  };
  for (const [name, value] of Object.entries(limits) as [keyof PtLimits, number | undefined][]) {
    if (value === undefined) continue;
    if (!Object.hasOwn(all, name) || typeof value !== "number" || !(value >= 0)) {
      throw new FormatError(
        "OutOfRange",
        source,
        `limit ${name} of ${String(value)}: expected numbers of at least 0 under ${Object.keys(all).join(", ")}`,
      );
    }
    all[name] = value;
  }
  // The walk over the values is recursive.
  all.maxDepth = Math.min(all.maxDepth, 1000);
  return all;
}

/** The number of bytes that a file may still take. */
export class Budget {
  readonly #allowed: number;
  #spent = 0;

  constructor(
    readonly source: string,
    readonly what: string,
    fileLength: number,
    { maxBytes, maxRatio }: Required<PtLimits>,
  ) {
    this.#allowed = Math.min(maxBytes, Math.max(floor, maxRatio * fileLength));
  }

  /** Takes bytes off; throws `OutOfRange` where they are not left. */
  spend(bytes: number): void {
    this.#spent += bytes;
    if (this.#spent <= this.#allowed) return;
    throw new FormatError(
      "OutOfRange",
      this.source,
      `${this.what} would take ${this.#spent} bytes: expected at most ${this.#allowed} for a file of this size; ` +
        "if it comes from someone you trust, raise limits.maxRatio or limits.maxBytes",
    );
  }
}
