// A scan lists folders, and reads of each run what has changed.
import type { Folder } from "../files/inside.js";
import type { Rows, RunRow } from "../shared/api.js";
import { below } from "./files.js";
import { Summaries } from "./summary.js";
import { Sweeps } from "./sweeps.js";

const limits = { depth: 8, folders: 20_000, runs: 5000 };
const passedOver = new Set([
  "node_modules",
  "checkpoints",
  "samples",
  "models",
  "cache",
  "figures",
]);

export class RunTable {
  readonly #folder: Folder;
  readonly #summaries: Summaries;
  readonly #sweeps: Sweeps;
  #rows = new Map<string, RunRow>();
  #left = 0;

  constructor(folder: Folder) {
    this.#folder = folder;
    this.#summaries = new Summaries(folder);
    this.#sweeps = new Sweeps(folder);
  }

  scan(): RunRow[] {
    const ids = this.#runs();
    const memberOf = this.#sweeps.members();
    const rows = ids.map((id) => ({ ...this.#summaries.row(id), ...memberOf.get(id) }));
    const there = new Set(ids);
    for (const id of this.#rows.keys()) if (!there.has(id)) this.#summaries.forget(id);
    this.#rows = new Map(rows.map((row) => [row.id, row]));
    return rows;
  }

  /** Reads the folder again. Returns what is new since `seen`, and updates `seen`. */
  changes(seen: Map<string, string>): Rows {
    const rows = this.scan().filter((row) => {
      // The seconds of a living run change all the time; the page counts them itself.
      const print = JSON.stringify({ ...row, seconds: row.state === "running" ? 0 : row.seconds });
      const isNew = seen.get(row.id) !== print;
      seen.set(row.id, print);
      return isNew;
    });
    const removed = [...seen.keys()].filter((id) => !this.#rows.has(id));
    for (const id of removed) seen.delete(id);
    return { rows, removed, left: this.#left, folder: this.#folder.root };
  }

  row(id: string): RunRow | undefined {
    if (!this.#folder.stat(below(id, "run.json"))?.isFile()) return undefined;
    return { ...this.#summaries.row(id), ...this.#sweeps.members().get(id) };
  }

  /** The path of the log of a run: its own, or its sweep's. */
  logOf(id: string): string | undefined {
    const log = below(id, "log.txt");
    return this.#folder.stat(log)?.isFile() ? log : this.#sweeps.logOf(id);
  }

  #runs(): string[] {
    const ids: string[] = [];
    let folders = 0;
    this.#left = 0;
    const walk = (path: string, depth: number) => {
      if (folders++ > limits.folders) return;
      // The folder of a run is not listed: that would be most of the work of a scan.
      if (this.#folder.peek(below(path, "run.json"))?.isFile()) {
        if (ids.length < limits.runs) ids.push(path);
        else this.#left++;
        return;
      }
      if (depth === limits.depth) return;
      for (const entry of this.#folder.list(path))
        if (entry.isDirectory() && !entry.name.startsWith(".") && !passedOver.has(entry.name))
          walk(below(path, entry.name), depth + 1);
    };
    walk("", 0);
    return ids;
  }
}
