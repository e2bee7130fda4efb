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

  /** The curves of all rows so far. */
  read(): HistoryPart {
    if (this.#folder.stat(this.#path)?.isFile()) this.#readOn();
    else this.#startOver();
    return this.#history.part();
  }

  #readOn(): void {
    this.#folder.open(this.#path, (fd, { ino, dev, size }) => {
      const file = `${dev} ${ino}`;
      if (file !== this.#file || size < this.#at) this.#startOver();
      this.#file = file;
      const buffer = Buffer.allocUnsafe(Math.min(block, Math.max(1, size - this.#at)));
      while (this.#at < size) {
        const count = readSync(fd, buffer, 0, Math.min(buffer.length, size - this.#at), this.#at);
        if (count === 0) break;
        this.#at += count;
        this.#take(this.#decoder.write(buffer.subarray(0, count)));
      }
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

  #startOver(): void {
    this.#at = 0;
    this.#rest = "";
    this.#history = new History();
    this.#decoder = new StringDecoder("utf8");
  }
}
