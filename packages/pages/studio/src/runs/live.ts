// Takes whole lines as they arrive.
import { readSync } from "node:fs";
import { StringDecoder } from "node:string_decoder";
import type { Folder } from "../files/inside.js";
import type { HistoryPart } from "../shared/api.js";
import { History } from "../shared/history.js";
import { isRecord } from "./values.js";

const block = 1 << 20;
const longestLine = 64 << 10;

export class MetricsTail {
  readonly #folder: Folder;
  readonly #path: string;
  #at = 0;
  #file = "";
  #rest = "";
  #history = new History();
  #decoder = new StringDecoder("utf8");

  constructor(folder: Folder, path: string) {
    this.#folder = folder;
    this.#path = path;
  }

  /** All rows; null if there are no more than at the last call. */
  read(): HistoryPart | null {
    const stat = this.#folder.stat(this.#path);
    if (!stat?.isFile()) return this.#startOver() ? this.#history.part() : null;
    return this.#folder.open(this.#path, (fd, { ino, dev, size }) => {
      const file = `${dev} ${ino}`;
      const isAnother = (file !== this.#file || size < this.#at) && this.#startOver();
      this.#file = file;
      if (size === this.#at && !isAnother) return null;
      const buffer = Buffer.allocUnsafe(Math.min(block, Math.max(1, size - this.#at)));
      while (this.#at < size) {
        const count = readSync(fd, buffer, 0, Math.min(buffer.length, size - this.#at), this.#at);
        if (count === 0) break;
        this.#at += count;
        this.#take(this.#decoder.write(buffer.subarray(0, count)));
      }
      return this.#history.part();
    });
  }

  #take(text: string): void {
    const lines = (this.#rest + text).split("\n");
    const rest = lines.pop() ?? "";
    this.#rest = rest.length > longestLine ? "" : rest;
    for (const line of lines) {
      try {
        const row: unknown = line.length > longestLine ? null : JSON.parse(line);
        if (isRecord(row)) this.#history.add(row);
      } catch {
        // A damaged line; the rest of the file is still worth showing.
      }
    }
  }

  #startOver(): boolean {
    const had = this.#file !== "";
    this.#at = 0;
    this.#file = "";
    this.#rest = "";
    this.#history = new History();
    this.#decoder = new StringDecoder("utf8");
    return had;
  }
}
