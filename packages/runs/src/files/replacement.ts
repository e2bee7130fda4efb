// Results that take long to make: they grow under a temporary name and get their own when they are whole, so that
// whoever looks finds the old file, the new one, or none, and never half of one.
import { mkdirSync, readdirSync, renameSync, rmSync, statSync } from "node:fs";
import { mkdir, open } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { fileError } from "../errors.js";
import { makeFolders, syncFolder, temporaryPath } from "./write.js";

/** A file or a folder in the making. */
export interface Replacement {
  /** Where it is made. */
  readonly temporary: string;
  /** Gives it its name. Throws RunError; nothing is left of it then. */
  commit(): void;
  /** Takes it away; does nothing after commit. */
  discard(): void;
}

/** A folder in the making. */
export interface FolderReplacement extends Replacement {
  /** Writes a file of the folder, by its path below it, flushed. Throws RunError. */
  write(name: string, data: Uint8Array): Promise<void>;
}

/** A file in the making, in place of whatever file `path` names; its writer flushes it. Throws RunError. */
export function openFileReplacement(path: string): Replacement {
  return begin(path, {
    prepare: () => {},
    put: (temporary) => renameSync(temporary, path),
  });
}

/**
 * A folder in the making: its files take the place of those of the same names in `path`, where others stay. Throws
 * RunError.
 */
export function openFolderReplacement(path: string): FolderReplacement {
  const replacement = begin(path, {
    prepare: (temporary) => mkdirSync(temporary),
    put(temporary) {
      const there = statSync(path, { throwIfNoEntry: false });
      if (there?.isDirectory() && readdirSync(path).length > 0) {
        moveInto(temporary, path);
        rmSync(temporary, { recursive: true, force: true });
      } else renameSync(temporary, path);
    },
  });
  return {
    ...replacement,
    async write(name, data) {
      const place = join(replacement.temporary, name);
      try {
        await mkdir(dirname(resolve(place)), { recursive: true });
        const file = await open(place, "w");
        try {
          await file.writeFile(data);
          await file.sync();
        } finally {
          await file.close();
        }
      } catch (error) {
        throw fileError("write", join(path, name), error);
      }
    },
  };
}

function begin(
  path: string,
  { prepare, put }: { prepare: (temporary: string) => void; put: (temporary: string) => void },
): Replacement {
  const folder = dirname(path);
  const temporary = temporaryPath(folder);
  let open = true;
  const discard = () => {
    if (open) rmSync(temporary, { recursive: true, force: true });
    open = false;
  };
  const guarded = (operation: () => void) => {
    try {
      operation();
    } catch (error) {
      discard();
      throw fileError("write", path, error);
    }
  };
  guarded(() => {
    makeFolders(folder);
    prepare(temporary);
  });
  return {
    temporary,
    discard,
    commit: () =>
      guarded(() => {
        put(temporary);
        open = false;
        syncFolder(folder);
      }),
  };
}

/** Moves files, folder by folder, into folders of the same names. */
function moveInto(from: string, to: string): void {
  for (const entry of readdirSync(from, { withFileTypes: true })) {
    const [source, target] = [join(from, entry.name), join(to, entry.name)];
    if (entry.isDirectory()) {
      mkdirSync(resolve(target), { recursive: true });
      moveInto(source, target);
    } else renameSync(source, target);
  }
  syncFolder(to);
}
