// The page that plays the bridge of a run: made by the export command as another process (this one never loads the engine),
// and made again when the run has newer networks.
import { spawn } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { sha256 } from "@dsbm/files";
import { RunError } from "@dsbm/runs";
import type { Folder } from "../files/inside.js";
import { below } from "../runs/files.js";

const most = 20;
const format = 3;

interface ExportsOptions {
  folder: Folder;
  settings: string;
  exporter: readonly string[] | null;
}

export class Exports {
  readonly #options: ExportsOptions;
  readonly #exports: string;
  readonly #running = new Map<string, Promise<void>>();

  constructor(options: ExportsOptions) {
    this.#options = options;
    this.#exports = join(options.settings, "exports");
  }

  /** The page of a run, exported first if its networks are new. Throws RunError if the export fails. */
  async page(id: string): Promise<Buffer> {
    const path = this.#pathOf(id);
    if (!existsSync(path)) {
      const running = this.#running.get(path) ?? this.#export(id, path);
      this.#running.set(path, running);
      await running.finally(() => this.#running.delete(path));
    }
    return readFileSync(path);
  }

  async #export(id: string, path: string): Promise<void> {
    const { exporter, folder } = this.#options;
    const [program, ...words] = exporter ?? [];
    if (program === undefined)
      throw new RunError("bad_argument", "runs are not exported here: start npx dsbm studio");
    mkdirSync(this.#exports, { recursive: true, mode: 0o700 });
    const args = [...words, folder.resolve(id), path];
    const child = spawn(program, args, { stdio: ["ignore", "ignore", "pipe"] });
    let said = "";
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      said = (said + text).slice(-4000);
    });
    const code = await new Promise<number | null>((resolve) => {
      child.on("error", (error) => {
        said = error.message;
        resolve(1);
      });
      child.on("close", resolve);
    });
    const reason = said.split("\n").filter(Boolean).slice(-3).join("\n");
    if (code !== 0) throw new RunError("bad_argument", reason || `the export ended with ${code}`);
    this.#prune();
  }

  #pathOf(id: string): string {
    const { folder } = this.#options;
    const models = below(id, "models");
    const stamps = folder.list(models).map(({ name }) => folder.stamp(below(models, name)));
    const print = JSON.stringify([format, folder.resolve(id), stamps]);
    return join(this.#exports, `${sha256(print).slice(0, 32)}.html`);
  }

  #prune(): void {
    const made = readdirSync(this.#exports)
      .map((name) => join(this.#exports, name))
      .map((path) => ({ path, at: statSync(path).mtimeMs }))
      .sort((a, b) => b.at - a.at);
    for (const { path } of made.slice(most)) rmSync(path, { recursive: true, force: true });
  }
}
