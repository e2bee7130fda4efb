// A scan lists folders, and reads of each run what has changed.
import type { Folder } from "../files/inside.js";
import type { RunRow, Runs } from "../shared/api.js";
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

  constructor(folder: Folder) {
    this.#folder = folder;
    this.#summaries = new Summaries(folder);
    this.#sweeps = new Sweeps(folder);
  }

  scan(): Runs {
    const { ids, left } = this.#runs();
    const memberOf = this.#sweeps.members();
    const rows = ids.map((id) => ({ ...this.#summaries.row(id), ...memberOf.get(id) }));
    return { rows, left, folder: this.#folder.root };
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

  #runs(): { ids: string[]; left: number } {
    const ids: string[] = [];
    let folders = 0;
    let left = 0;
    const walk = (path: string, depth: number) => {
      if (folders++ > limits.folders) return;
      // The folder of a run is not listed: that would be most of the work of a scan.
      if (this.#folder.peek(below(path, "run.json"))?.isFile()) {
        if (ids.length < limits.runs) ids.push(path);
        else left++;
        return;
      }
      if (depth === limits.depth) return;
      for (const entry of this.#folder.list(path))
        if (entry.isDirectory() && !entry.name.startsWith(".") && !passedOver.has(entry.name))
          walk(below(path, entry.name), depth + 1);
    };
    walk("", 0);
    return { ids, left };
  }
}
