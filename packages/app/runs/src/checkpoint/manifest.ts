// manifest.json is written last into a checkpoint and lists its files. The folder that is read may be
// damaged or hostile, so every value is checked before it is used.
import { RunError } from "../errors.js";
import { fromJson, toJson } from "../files/json.js";
import { readPlainFile } from "../files/read.js";

/** The format of checkpoints that this version writes and the newest that it reads. */
export const checkpointFormat = 1;

export const manifestName = "manifest.json";

/** Bytes; facts are a few kilobytes, and what is large belongs in a file of its own. */
const manifestLimit = 1 << 20;

/** Size and checksum of a file of a checkpoint. */
export interface FileFacts {
  /** Bytes. */
  readonly size: number;
  /** Lower-case hexadecimal. */
  readonly sha256: string;
}

export interface Manifest {
  readonly format: number;
  /** Version of dsbm that wrote the checkpoint. */
  readonly dsbm: string;
  /** ISO 8601 in UTC. */
  readonly created: string;
  readonly id: string;
  /** Position in the run; the newest checkpoint has the greatest. */
  readonly order: number;
  /** Counts the checkpoints of a run from 1; `keep_every` uses it. */
  readonly serial: number;
  /** Never removed by the policy. */
  readonly milestone: boolean;
  readonly files: Readonly<Record<string, FileFacts>>;
  readonly facts: Readonly<Record<string, unknown>>;
}

/** Whether `id` may name the folder of a checkpoint: letters, digits and _ = + -, at most 100. */
export function isPointId(id: string): boolean {
  return /^[A-Za-z0-9][A-Za-z0-9_=+-]{0,99}$/.test(id);
}

/** Whether `name` may be that folder, or one that was set aside as damaged. */
export function isPointFolder(name: string): boolean {
  return isPointId(name.replace(/\.damaged-[0-9a-f]{8}$/, ""));
}

/** Whether `name` may be a file of a checkpoint: no path, not hidden, not the manifest. */
export function isFileName(name: string): boolean {
  return /^[A-Za-z0-9][A-Za-z0-9_.=+-]{0,99}$/.test(name) && name !== manifestName;
}

/** A manifest as text. Throws RunError "bad_argument" when it is no JSON or over the limit. */
export function manifestText(manifest: Manifest): string {
  const text = `${toJson(manifest, { indent: 2 })}\n`;
  if (Buffer.byteLength(text) <= manifestLimit) return text;
  throw new RunError(
    "bad_argument",
    `the facts of checkpoint ${manifest.id} make a manifest of ${Buffer.byteLength(text)} bytes, expected at most ${manifestLimit}: put what is large into a file`,
  );
}

/**
 * Reads and checks the manifest of the point `id` at `path`.
 * Throws RunError "newer_format", "corrupt" or a file error, with the reason alone as message.
 */
export function readManifest(path: string, id: string): Manifest {
  const text = readPlainFile(path, { limit: manifestLimit }).toString("utf8");
  let value: unknown;
  try {
    value = fromJson(text, manifestName);
  } catch (error) {
    throw new RunError("corrupt", `${manifestName} is not valid JSON`, { cause: error });
  }
  const manifest = asRecord(value, "it");
  if (typeof manifest.format === "number" && manifest.format > checkpointFormat) {
    throw new RunError(
      "newer_format",
      `it was written by dsbm ${printable(manifest.dsbm)}, format ${manifest.format}; this version reads up to ${checkpointFormat}`,
    );
  }
  const { format, order, serial, milestone } = manifest;
  const faults: [boolean, string][] = [
    [format !== checkpointFormat, `format ${printable(format)}, expected ${checkpointFormat}`],
    [manifest.id !== id, `the id ${printable(manifest.id)}, expected the folder's name ${id}`],
    [!Number.isFinite(order), `the order ${printable(order)}, expected a number`],
    [
      !Number.isSafeInteger(serial) || Number(serial) < 1,
      `the serial ${printable(serial)}, expected a whole number from 1 on`,
    ],
    [typeof milestone !== "boolean", `milestone ${printable(milestone)}, expected true or false`],
    [
      typeof manifest.dsbm !== "string" || typeof manifest.created !== "string",
      "no version or no time of creation",
    ],
  ];
  const fault = faults.find(([wrong]) => wrong)?.[1];
  if (fault !== undefined) throw new RunError("corrupt", `${manifestName} has ${fault}`);
  checkFiles(asRecord(manifest.files, "files"));
  asRecord(manifest.facts, "facts");
  return manifest as unknown as Manifest;
}

function checkFiles(files: Record<string, unknown>): void {
  for (const [name, value] of Object.entries(files)) {
    if (!isFileName(name)) {
      const expected = "expected a plain name inside the folder";
      throw new RunError("corrupt", `${manifestName} names a file ${printable(name)}, ${expected}`);
    }
    const { size, sha256 } = asRecord(value, name);
    const whole = Number.isSafeInteger(size) && Number(size) >= 0;
    if (!whole || typeof sha256 !== "string" || !/^[0-9a-f]{64}$/.test(sha256)) {
      throw new RunError("corrupt", `${manifestName} gives no size or no sha256 for ${name}`);
    }
  }
}

function asRecord(value: unknown, what: string): Record<string, unknown> {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) {
    return value as Record<string, unknown>;
  }
  throw new RunError(
    "corrupt",
    `in ${manifestName} ${what} is ${printable(value)}, expected an object`,
  );
}

/** A value from a file that may be hostile: short, and without control characters. */
function printable(value: unknown): string {
  if (value === undefined) return "(none)";
  if (typeof value === "object") return value === null ? "null" : "not a plain value";
  return String(value)
    .slice(0, 60)
    .replace(/\p{Cc}/gu, "?");
}
