// manifest.jsonl: the size and the SHA-256 of every file that a run wrote, so that a bit that a disk or a copy changed is
// found by whoever reads. It only grows, a line for each write and the last line of a file counts, so that several
// processes may write it. A file that is about to change is forgotten first: after a kill it is unchecked, never wrong.
import { createHash, type Hash } from "node:crypto";
import { closeSync, existsSync, openSync, statSync } from "node:fs";
import { join } from "node:path";
import { fileOperation, RunError } from "../errors.js";
import { openLineWriter } from "../files/append.js";
import { fromJson } from "../files/json.js";
import { readBlocks, readText } from "../files/read.js";
import { chunks, type FileData, writeFileAtomic } from "../files/write.js";

/** The name of the manifest in the folder of a run. */
export const manifestFile = "manifest.jsonl";

/** Bytes from which on it is written anew with the last lines alone. */
const compactFrom = 1 << 16;

/** What was written of a file: its first `size` bytes; a file that grows may have more. */
interface Written {
  size: number;
  sha256: string;
}

/** A file that is not as it was written. */
export interface DamagedFile {
  /** Its path below the folder of the run. */
  file: string;
  /** One line. */
  reason: string;
}

/** Files that grow; of others every byte was hashed. */
const grows = (file: string) =>
  /(^|\/)(results\.csv|metrics\.(csv|jsonl)|log\.(txt|jsonl)|events\.out\.tfevents\..*)$/.test(
    file,
  );

const check = (text: string) => createHash("sha256").update(text).digest("hex").slice(0, 8);

function lineOf(file: string, written: Written | null): string {
  const text = JSON.stringify({ file, ...written });
  return `${text.slice(0, -1)},"check":"${check(text)}"}`;
}

/** The last line of each file; null where it was forgotten. Throws RunError "corrupt" for a damaged line. */
function read(folder: string): Map<string, Written | null> {
  const path = join(folder, manifestFile);
  const found = new Map<string, Written | null>();
  if (!existsSync(path)) return found;
  // A line without its end was cut off by a kill.
  const lines = readText(path).split("\n").slice(0, -1);
  for (const [i, line] of lines.entries()) {
    const at = line.lastIndexOf(',"check":"');
    const text = `${line.slice(0, at)}}`;
    if (at < 0 || check(text) !== line.slice(at + 10, -2))
      throw new RunError(
        "corrupt",
        `line ${i + 1} of ${path} is damaged: check the disk; restore the file from a copy, or delete that line to go on without its check`,
      );
    const { file, size, sha256 } = fromJson(text, path) as { file: string } & Written;
    found.set(file, sha256 === undefined ? null : { size, sha256 });
  }
  return found;
}

/** Records what was written of a file, or with null that it is unchecked until then. Throws RunError. */
function record(folder: string, file: string, written: Written | null): void {
  const lines = openLineWriter(join(folder, manifestFile));
  try {
    lines.append(lineOf(file, written));
  } finally {
    lines.close();
  }
}

/** Before a file is changed: it counts as unchecked until it is recorded. Throws RunError. */
function forget(folder: string, file: string): void {
  if (existsSync(join(folder, file))) record(folder, file, null);
}

/** Writes a file of a run atomically, and records it; returns its path. Throws RunError. */
export function writeRunFile(folder: string, file: string, data: FileData): string {
  const path = join(folder, file);
  const hash = createHash("sha256");
  let size = 0;
  function* hashed(): Iterable<Uint8Array> {
    for (const chunk of chunks(data)) {
      hash.update(chunk);
      size += chunk.byteLength;
      yield chunk;
    }
  }
  forget(folder, file);
  writeFileAtomic(path, hashed());
  record(folder, file, { size, sha256: hash.digest("hex") });
  return path;
}

/** Keeps the last lines alone where there are many; by the process that holds the run's lock. Throws RunError. */
export function compact(folder: string): void {
  const path = join(folder, manifestFile);
  if ((statSync(path, { throwIfNoEntry: false })?.size ?? 0) < compactFrom) return;
  const lines = [...read(folder)].filter(([, written]) => written !== null);
  writeFileAtomic(path, lines.map(([file, written]) => `${lineOf(file, written)}\n`).join(""));
}

/** Hashes a file that grows, each byte once. In a folder without a manifest, which is no run's, it does nothing. */
export class GrowingHash {
  #hash = createHash("sha256");
  #size = 0;

  constructor(
    private readonly folder: string,
    private readonly file: string,
  ) {}

  /** Before the file is written anew: it counts as unchecked until it is recorded. Throws RunError. */
  restart(): void {
    if (existsSync(join(this.folder, manifestFile))) forget(this.folder, this.file);
    this.#hash = createHash("sha256");
    this.#size = 0;
  }

  /** Records all that is in the file now, once that is on the disk. Throws RunError. */
  record(): void {
    const path = join(this.folder, this.file);
    if (![path, join(this.folder, manifestFile)].every((place) => existsSync(place))) return;
    const before = this.#size;
    fileOperation("read", path, () => {
      this.#size += hashBytes(path, this.#hash, { from: before });
    });
    if (this.#size === before && before > 0) return;
    record(this.folder, this.file, {
      size: this.#size,
      sha256: this.#hash.copy().digest("hex"),
    });
  }
}

/** Flushing and closing of a file that grows, each of which records its hash. */
export const recorded = (
  { flush, close }: { flush(): void; close(): void },
  hash: GrowingHash,
): { flush(): void; close(): void } => ({
  flush() {
    flush();
    hash.record();
  },
  close() {
    close();
    hash.record();
  },
});

/** Hashes a file from a byte on, at most `most` bytes; returns how many there were. */
function hashBytes(path: string, hash: Hash, range: { from?: number; most?: number }): number {
  const fd = openSync(path, "r");
  try {
    return readBlocks(fd, (bytes) => hash.update(bytes), range);
  } finally {
    closeSync(fd);
  }
}

/** Why a file is not as it was written; null where it is, where it is not there, and where nothing is known of it. */
function damageOf(folder: string, file: string, { size, sha256 }: Written): string | null {
  const path = join(folder, file);
  const stat = statSync(path, { throwIfNoEntry: false });
  if (stat === undefined) return null;
  if (stat.size < size || (stat.size !== size && !grows(file)))
    return `it has ${stat.size} bytes, and ${size} were written`;
  const hash = createHash("sha256");
  hashBytes(path, hash, { most: size });
  const found = hash.digest("hex");
  if (found === sha256) return null;
  return `its sha256 is ${found.slice(0, 12)}…, and that of what was written ${sha256.slice(0, 12)}…`;
}

/**
 * The files of a run that are not as they were written: of those named, or of all. Files that are gone, and that an
 * earlier version wrote, are none of them. Throws RunError.
 */
export function damagedFiles(folder: string, files?: readonly string[]): DamagedFile[] {
  const known = read(folder);
  return (files ?? [...known.keys()]).flatMap((file) => {
    for (let written = known.get(file) ?? null; written !== null; ) {
      const seen = written;
      const reason = fileOperation("read", join(folder, file), () => damageOf(folder, file, seen));
      if (reason === null) return [];
      // Another process may have written it meanwhile.
      written = read(folder).get(file) ?? null;
      if (written?.sha256 === seen.sha256) return [{ file, reason }];
    }
    return [];
  });
}

/** Throws RunError "corrupt" for the first of these files that is not as it was written. */
export function checkFiles(
  folder: string,
  files: readonly string[],
  cure = "restore it from a copy, or train again with --again",
): void {
  const [damaged] = damagedFiles(folder, files);
  if (damaged) throw damageError(folder, damaged, cure);
}

/** The error of a file that is not as it was written. */
export function damageError(folder: string, { file, reason }: DamagedFile, cure: string): RunError {
  return new RunError(
    "corrupt",
    `${join(folder, file)} is damaged (${reason}): ${cure}; if the change is yours, delete its lines in ${join(folder, manifestFile)}`,
  );
}
