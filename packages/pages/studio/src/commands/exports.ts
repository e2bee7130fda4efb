// The page that plays the bridge of a run: made by the export command as another process (this one never loads the engine),
// and made again when the run has newer networks.
import { randomUUID } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Folder } from "../files/inside.js";
import { pathBelow } from "../files/walk.js";
import { baseFolder } from "../runs/base-folder.js";
import { answerOf } from "./child.js";

/** Exports runs as players, and keeps the pages while the runs do not change. */
export class Exports {
  readonly #folder: Folder;
  readonly #program: readonly string[];
  /** The path of each page, by run and networks. */
  readonly #pages = new Map<string, Promise<string>>();
  #temporary: string | null = null;

  constructor(folder: Folder, program: readonly string[]) {
    this.#folder = folder;
    this.#program = program;
  }

  /**
   * The page of a run, exported first if its networks are new.
   * @throws {RunError} if the export fails.
   */
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
    await answerOf(this.#program, ["export", this.#folder.resolve(id), path], {
      cwd: baseFolder(this.#folder, id),
    });
    return path;
  }

  /** Removes all pages. */
  close(): void {
    if (this.#temporary) rmSync(this.#temporary, { recursive: true, force: true });
  }
}
