// What figures belong to: the version or the commit, and the machine, without names that identify it.
import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { environment } from "@dsbm/experiment";
import { version } from "@dsbm/runs";

export interface Provenance {
  dsbm: string;
  /** The commit of a clone, "+" behind it where files were changed; null for an installed package. */
  commit: string | null;
  machine: string;
  /** When it was measured, ISO 8601. */
  date: string;
}

const root = fileURLToPath(new URL("../../..", import.meta.url));
let knownProvenance: Omit<Provenance, "date"> | null = null;

/** Provenance of this process, now. */
export function provenance(): Provenance {
  knownProvenance ??= { dsbm: version, commit: commitOf(root), machine: machineOf() };
  return { ...knownProvenance, date: new Date().toISOString() };
}

function commitOf(folder: string): string | null {
  // A package that was installed into another repository must not name a commit of that.
  if (!existsSync(join(folder, ".git")) || !existsSync(join(folder, "packages/command/cli")))
    return null;
  const git = (...args: string[]) =>
    execFileSync("git", ["-C", folder, ...args], {
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
    }).trim();
  try {
    const changed = git("status", "--porcelain", "--untracked-files=no") !== "";
    return git("rev-parse", "--short", "HEAD") + (changed ? "+" : "");
  } catch {
    // There is no git on this machine.
    return null;
  }
}

function machineOf(): string {
  const { libtorch, blas, platform, arch, processor, cores: n } = environment();
  return `${processor}, ${n} ${n === 1 ? "core" : "cores"}, ${platform} ${arch}, libtorch ${libtorch}, BLAS ${blas}`;
}
