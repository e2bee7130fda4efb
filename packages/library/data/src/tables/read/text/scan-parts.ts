// Scans a file of text in parts of whole lines, on several cores if it is large.
import { availableParallelism } from "node:os";
import type { Worker } from "node:worker_threads";
import type { TextPlace } from "../../row-source.js";
import { lineEnds, readText } from "./bytes.js";
import type { RecordFile } from "./records.js";
import {
  carriageReturn,
  LineScanner,
  lineFeed,
  quote,
  type ScannedRows,
  type ScanPlan,
} from "./scan.js";

const partBytes = 2 ** 22;
/** Starting a thread takes as long as scanning a few MiB. */
const bytesOfThread = 2 ** 23;
const mostThreads = 8;

/** The beginning of a part of whole lines. */
type PartPlace = Omit<TextPlace, "row">;

/** The rows of a part, and its beginning. */
type PartRows = ScannedRows & PartPlace;

/** Scans a part of whole lines. */
interface Scanning {
  scan(part: Uint8Array<ArrayBuffer>): Promise<ScannedRows>;
  /** Parts to give before waiting for the first one. */
  depth: number;
  close(): void;
}

/**
 * The rows of a file, from the line on that it begins with, in front of its first unusual line; the last ones say
 * whether there is such a line.
 * @throws errors of `readText`.
 */
export async function* scanRows(
  file: RecordFile,
  plan: ScanPlan,
  { hasHeader }: { hasHeader: boolean },
): AsyncGenerator<PartRows> {
  const scanning = await openScanning(file, plan);
  const pending: Promise<PartRows>[] = [];
  try {
    for await (const { bytes, ...place } of wholeLines(file, {
      hasHeader,
      hasReturns: plan.hasReturns,
    })) {
      const rows = scanning.scan(bytes).then((scanned) => ({ ...scanned, ...place }));
      // A failure is thrown where the rows are awaited.
      rows.catch(() => {});
      pending.push(rows);
      if (pending.length < scanning.depth) continue;
      const next = await (pending.shift() as Promise<PartRows>);
      yield next;
      if (next.isOdd) return;
    }
    for (const rows of pending) {
      const next = await rows;
      yield next;
      if (next.isOdd) return;
    }
  } finally {
    scanning.close();
  }
}

async function openScanning({ size }: RecordFile, plan: ScanPlan): Promise<Scanning> {
  const threads = Math.min(availableParallelism(), mostThreads, Math.floor(size / bytesOfThread));
  if (threads < 2) {
    const scanner = new LineScanner(plan);
    const scan = async (part: Uint8Array<ArrayBuffer>) => scanner.scan(Buffer.from(part.buffer));
    return { scan, depth: 1, close() {} };
  }
  const { Worker } = await import("node:worker_threads");
  const thread = new URL("../../../../dist/tables/read/text/scan-thread.js", import.meta.url);
  const lanes = Array.from(
    { length: threads },
    () => new ScanLane(new Worker(thread, { workerData: plan })),
  );
  let count = 0;
  return {
    scan: (part) => lanes[count++ % threads].scan(part),
    depth: 2 * threads,
    close() {
      for (const lane of lanes) lane.close();
    },
  };
}

/** A thread that scans parts one after the other. */
class ScanLane {
  readonly #waiting: { resolve(rows: ScannedRows): void; reject(error: Error): void }[] = [];

  constructor(private readonly worker: Worker) {
    worker.on("message", (rows: ScannedRows) => this.#waiting.shift()?.resolve(rows));
    worker.on("error", (error) => this.#fail(error));
    worker.on("exit", () => this.#fail(new Error("a thread that reads a table ended")));
  }

  /** Takes the memory of the part. */
  scan(part: Uint8Array<ArrayBuffer>): Promise<ScannedRows> {
    this.worker.postMessage(part, [part.buffer]);
    return new Promise((resolve, reject) => this.#waiting.push({ resolve, reject }));
  }

  #fail(error: Error): void {
    for (const { reject } of this.#waiting.splice(0)) reject(error);
  }

  close(): void {
    this.worker.removeAllListeners("exit");
    void this.worker.terminate();
  }
}

/** Parts of a file that end with a line, in memory of their own; without a mark and a header. */
async function* wholeLines(
  file: RecordFile,
  { hasHeader, hasReturns }: { hasHeader: boolean; hasReturns: boolean },
): AsyncGenerator<PartPlace & { bytes: Uint8Array<ArrayBuffer> }> {
  let parts: Buffer[] = [];
  let length = 0;
  let isStart = file.from === undefined;
  let { byte, line }: PartPlace = file.from ?? { byte: 0, line: 1 };
  const partOf = (lines: Buffer, start: number) => ({
    bytes: new Uint8Array(lines.subarray(start)),
    byte: byte + start,
    line: line + lineEnds(lines.subarray(0, start)),
  });
  for await (const part of readText(file)) {
    parts.push(part);
    length += part.length;
    const end = part.lastIndexOf(lineFeed) + 1;
    if (length < partBytes || end === 0) continue;
    parts[parts.length - 1] = part.subarray(0, end);
    const lines = Buffer.concat(parts);
    const start = isStart ? startOfRows(lines, hasHeader) : 0;
    // A header of several lines may end in a later part.
    if (start < 0) {
      parts = [lines, part.subarray(end)];
      continue;
    }
    yield partOf(lines, start);
    byte += lines.length;
    line += lineEnds(lines);
    isStart = false;
    parts = [part.subarray(end)];
    length = part.length - end;
  }
  const lines = Buffer.concat(parts);
  const isEnded = lines.length === 0 || lines.at(-1) === lineFeed;
  const rest = isEnded ? lines : Buffer.concat([lines, Buffer.from(hasReturns ? "\r\n" : "\n")]);
  const start = isStart ? startOfRows(rest, hasHeader) : 0;
  if (start >= 0) yield partOf(rest, start);
}

/** The first byte of the rows: behind a byte order mark, empty lines and a header; −1 if not there yet. */
function startOfRows(bytes: Buffer, hasHeader: boolean): number {
  const hasMark = bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf;
  let at = hasMark ? 3 : 0;
  if (!hasHeader) return at;
  while (bytes[at] === lineFeed || bytes[at] === carriageReturn) at += 1;
  let isQuoted = false;
  for (; at < bytes.length; at++) {
    if (bytes[at] === quote) isQuoted = !isQuoted;
    if (bytes[at] === lineFeed && !isQuoted) return at + 1;
  }
  return -1;
}
