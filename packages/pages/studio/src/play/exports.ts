// The page that plays the bridge of a run: made by the export command as another process (this one never loads the engine),
// and made again when the run has newer networks.
import { spawn } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { sha256 } from "@dsbm/files";
import { RunError } from "@dsbm/runs";
import type { Folder } from "../files/inside.js";
import { below } from "../runs/files.js";
import type { ExportState } from "../shared/api.js";

const most = 20;
const format = 3;
const keys = /^[0-9a-f]{32}$/;

export interface ExportsOptions {
  folder: Folder;
  settings: string;
  exporter: readonly string[] | null;
}

export class Exports {
  readonly #options: ExportsOptions;
  readonly #exports: string;
  readonly #errors = new Map<string, string>();
  readonly #running = new Set<string>();

  constructor(options: ExportsOptions) {
    this.#options = options;
    this.#exports = join(options.settings, "exports");
  }

  state(id: string): ExportState {
    const key = this.#key(id);
    if (existsSync(this.#at(key))) return { state: "ready", error: null, id: key };
    const error = this.#errors.get(key) ?? null;
    if (this.#running.has(key)) return { state: "running", error, id: null };
    return { state: error === null ? "none" : "failed", error, id: null };
  }

  /** Starts the export of a run unless it exists or is being made. Throws RunError if there is no command. */
  start(id: string): ExportState {
    const before = this.state(id);
    if (before.state === "ready" || before.state === "running") return before;
    const { exporter, folder } = this.#options;
    const [program, ...words] = exporter ?? [];
    if (program === undefined)
      throw new RunError("bad_argument", "runs are not exported here: start npx dsbm studio");
    if (this.#running.size > 0)
      throw new RunError("bad_argument", "another run is being exported: try again in a moment");
    const key = this.#key(id);
    mkdirSync(this.#exports, { recursive: true, mode: 0o700 });
    this.#running.add(key);
    this.#errors.delete(key);
    const args = [...words, folder.resolve(id), this.#at(key)];
    const child = spawn(program, args, { stdio: ["ignore", "ignore", "pipe"] });
    let said = "";
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      said = (said + text).slice(-4000);
    });
    const end = (code: number | null, reason: string) => {
      if (!this.#running.delete(key)) return;
      if (code !== 0) this.#errors.set(key, reason.trim() || `the export ended with ${code}`);
      this.#prune();
    };
    child.on("error", (error) => end(1, error.message));
    child.on("close", (code) => end(code, said.split("\n").filter(Boolean).slice(-3).join("\n")));
    return this.state(id);
  }

  /** Throws RunError "not_found". */
  page(key: string): Buffer {
    if (!keys.test(key) || !existsSync(this.#at(key)))
      throw new RunError("not_found", "there is no such export");
    return readFileSync(this.#at(key));
  }

  #key(id: string): string {
    const { folder } = this.#options;
    const models = below(id, "models");
    const stamps = folder.list(models).map(({ name }) => {
      const stat = folder.stat(`${models}/${name}`);
      return [name, stat?.size, stat?.mtimeMs];
    });
    const print = JSON.stringify([format, folder.resolve(id), stamps]);
    return sha256(print).slice(0, 32);
  }

  #at(key: string): string {
    return join(this.#exports, `${key}.html`);
  }

  #prune(): void {
    const made = readdirSync(this.#exports)
      .map((name) => join(this.#exports, name))
      .map((path) => ({ path, at: statSync(path).mtimeMs }))
      .sort((a, b) => b.at - a.at);
    for (const { path } of made.slice(most)) rmSync(path, { recursive: true, force: true });
  }
}
