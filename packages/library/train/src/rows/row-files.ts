// Rows of batches on disk: for each name a .npy file [n, …], which is whole once it has its name. One process for each
// disk writes.
import { randomUUID } from "node:crypto";
import { existsSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { type Batch, namesOf, tensorsOf } from "@dsbm/bridge";
import { makeFolder, type StagedPath, sha256, sha256OfFile, stageFile } from "@dsbm/files";
import { io, type Tensor, tidy } from "@dsbm/torch";
import type { Ranks } from "../distributed/ranks.js";

interface Staged {
  file: StagedPath;
  writer: io.npy.NpyWriter;
}

type RowPaths = (name: string) => string;

/**
 * Files that grow under temporary names.
 * @throws {FileError}
 */
export class RowFiles implements Disposable {
  readonly #pathOf: RowPaths;
  readonly #staged = new Map<string, Staged>();

  constructor(pathOf: RowPaths) {
    this.#pathOf = pathOf;
  }

  /** Writes the first n rows of a batch at the end of the files, one file for each tensor. */
  append(batch: Batch, n: number): void {
    const tensors = tensorsOf(batch);
    namesOf(batch).forEach((name, i) => {
      const rows = io.toRaw(tensors[i].narrow(0, 0, n));
      const staged = this.#staged.get(name) ?? this.#stage(name, rows);
      this.#staged.set(name, staged);
      staged.writer.append(rows);
    });
  }

  #stage(name: string, { dtype, shape }: io.RawArray): Staged {
    const file = stageFile(this.#pathOf(name));
    return { file, writer: new io.npy.NpyWriter(file.temporary, dtype, shape.slice(1)) };
  }

  /** Standardises the rows of a name per coordinate, `count` rows at a time; the name's file is complete then. */
  normalize(name: string, count: number): void {
    const { file, writer } = this.#staged.get(name)!;
    writer.close();
    tidy(() => {
      const x = io.mapNpy(file.temporary);
      const n = x.size(0);
      const parts = Array.from({ length: Math.ceil(n / count) }, (_, i) =>
        x.narrow(0, i * count, Math.min(count, n - i * count)),
      );
      const total = (of: (part: Tensor) => Tensor) =>
        parts.map((part) => tidy(() => of(part.to("float64")).sum([0]))).reduce((a, b) => a.add(b));
      const mean = total((part) => part).div(n);
      const variance = total((part) => part.sub(mean).square()).div(Math.max(n - 1, 1));
      const std = variance.sqrt().clamp({ min: 1e-6 });
      this.#staged.delete(name);
      for (const part of parts)
        tidy(() => {
          const normal = part.to("float64").sub(mean).div(std).to(part.dtype);
          const rows = io.toRaw(normal);
          const staged = this.#staged.get(name) ?? this.#stage(name, rows);
          this.#staged.set(name, staged);
          staged.writer.append(rows);
        });
    });
    file.discard();
  }

  /** Renames the files after they are flushed. */
  commit(): void {
    for (const { writer } of this.#staged.values()) writer.close({ sync: true });
    for (const { file } of this.#staged.values()) file.commit();
    this.#staged.clear();
  }

  [Symbol.dispose](): void {
    for (const { file, writer } of this.#staged.values()) {
      writer.close();
      file.discard();
    }
  }
}

/** The SHA-256 of the checksums of files in this order. */
export const checksumOf = (paths: readonly string[]): string =>
  sha256(paths.map(sha256OfFile).join());

/** Whether this rank writes for all that see the same folder, which it makes. Every rank calls it. */
export function electWriter(ranks: Ranks, folder: string): boolean {
  makeFolder(folder);
  if (ranks.size === 1) return true;
  const mark = ranks.fromMain(randomUUID());
  const sign = (rank: number) => join(folder, `.rank-${mark}-${rank}`);
  writeFileSync(sign(ranks.rank), "");
  ranks.fromAll("written");
  const lower = Array.from({ length: ranks.rank }, (_, rank) => rank);
  const keeps = !lower.some((rank) => existsSync(sign(rank)));
  ranks.fromAll("seen");
  rmSync(sign(ranks.rank), { force: true });
  return keeps;
}

/** Waits for files of another machine, which some file systems show a while later. */
export async function waitForFiles(paths: readonly string[], mostMs = 60_000): Promise<void> {
  for (let waited = 0; waited < mostMs && !paths.every((path) => existsSync(path)); waited += 50)
    await sleep(50);
}
