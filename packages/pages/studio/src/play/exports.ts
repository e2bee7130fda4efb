// The page that plays the bridge of a run: made by the export command as another process (this one never loads the engine),
// and made again when the run has newer networks.
import { spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { RunError } from "@dsbm/runs";
import type { Folder } from "../files/inside.js";
import { pathBelow } from "../runs/files.js";

/** Exports runs as players, and keeps the pages while the runs do not change. */
export class Exports {
  readonly #folder: Folder;
  readonly #exporter: readonly string[];
  /** The path of each page, by run and networks. */
  readonly #pages = new Map<string, Promise<string>>();
  #temporary: string | null = null;

  constructor(folder: Folder, exporter: readonly string[]) {
    this.#folder = folder;
    this.#exporter = exporter;
  }

  /** The page of a run, exported first if its networks are new. Throws RunError if the export fails. */
  async page(id: string): Promise<Buffer> {
    const models = pathBelow(id, "models");
    const stamps = this.#folder
      .list(models)
      .map(({ name }) => this.#folder.stamp(pathBelow(models, name)));
    const key = JSON.stringify([id, stamps]);
    const page = this.#pages.get(key) ?? this.#export(id);
    this.#pages.set(key, page);
    try {
      return readFileSync(await page);
    } catch (error) {
      this.#pages.delete(key);
      throw error;
    }
  }

  async #export(id: string): Promise<string> {
    this.#temporary ??= mkdtempSync(join(tmpdir(), "dsbm-studio-"));
    const path = join(this.#temporary, `${randomUUID()}.html`);
    const [program = "", ...words] = this.#exporter;
    const args = [...words, this.#folder.resolve(id), path];
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
    return path;
  }

  /** Removes all pages. */
  close(): void {
    if (this.#temporary) rmSync(this.#temporary, { recursive: true, force: true });
  }
}
