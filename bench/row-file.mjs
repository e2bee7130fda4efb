// The file of the rows: each row is written when it is measured, so a stopped benchmark continues.
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { cpus } from "node:os";
import { dirname } from "node:path";
import { writeFileAtomic } from "@dsbm/files";

/** The commit of a checkout; with a hash of its changes, if there are any. */
export function commitOf(folder) {
  const git = (...args) =>
    execFileSync("git", ["-C", folder, ...args], { encoding: "utf8", maxBuffer: 2 ** 28 }).trim();
  try {
    const changes = git("diff", "HEAD");
    const hash = changes && `+${createHash("sha256").update(changes).digest("hex").slice(0, 8)}`;
    return git("rev-parse", "--short", "HEAD") + hash;
  } catch {
    return null; // no git, or no repository
  }
}

export const machineOf = () =>
  `${cpus()[0]?.model.trim() ?? "unknown processor"}, ${cpus().length} cores`;

/** What the rows of a file have in common. */
const identityText = ({ commit, machine, device, python, before }) =>
  [
    `commit ${commit}`,
    machine,
    device,
    python ?? "no PyTorch",
    ...(before === null ? [] : [`before ${before}`]),
  ].join(", ");

/** The measured rows of one commit on one machine. */
export class RowFile {
  #path;
  #identity;
  #entries = new Map();
  /** Why rows of the file are not used; null if they are. */
  reset = null;

  /** Reads the file. Rows of another commit, machine, device or other side are dropped with the first new row. */
  constructor(path, identity) {
    this.#path = path;
    this.#identity = identity;
    if (!existsSync(path)) return;
    const { entries, ...earlier } = JSON.parse(readFileSync(path, "utf8"));
    if (identityText(earlier) === identityText(identity))
      for (const entry of entries) this.#entries.set(entry.row.name, entry);
    else
      this.reset = `${path} has rows of ${identityText(earlier)}; now ${identityText(identity)}: all rows are measured again`;
  }

  /** The entry of a row with at least one round, or with `rounds` if they are given; undefined if it must be measured. */
  entry(name, rounds = 1) {
    const entry = this.#entries.get(name);
    return entry && entry.rounds >= rounds ? entry : undefined;
  }

  /** Adds a row and writes the file. A row with a failed side is not kept. */
  add(entry) {
    if (entry.problems.length > 0) return;
    this.#entries.set(entry.row.name, entry);
    mkdirSync(dirname(this.#path), { recursive: true });
    const content = { ...this.#identity, entries: [...this.#entries.values()] };
    writeFileAtomic(this.#path, `${JSON.stringify(content, null, 2)}\n`);
  }
}
