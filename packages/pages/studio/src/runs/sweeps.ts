// Which runs belong to which sweep, and where the log of a member lies.
import { posix } from "node:path";
import { sweepManifest } from "@dsbm/runs";
import type { Folder } from "../files/inside.js";
import { below } from "./files.js";
import { text } from "./values.js";

interface Membership {
  sweep: string;
  member: string;
}

export class Sweeps {
  readonly #folder: Folder;
  readonly #kept = new Map<string, { stamp: number; members: [string, Membership][] }>();
  readonly #logs = new Map<string, string>();

  constructor(folder: Folder) {
    this.#folder = folder;
  }

  /** The sweep of each run; of several sweeps the last. */
  members(): Map<string, Membership> {
    const found = this.#folder
      .list("sweeps")
      .filter((entry) => entry.isDirectory())
      .flatMap(({ name }) => this.#membersOf(`sweeps/${name}`, name));
    return new Map(found);
  }

  logOf(id: string): string | undefined {
    this.members();
    return this.#logs.get(id);
  }

  #membersOf(path: string, sweep: string): [string, Membership][] {
    const manifest = `${path}/manifest.json`;
    const stamp = this.#folder.stat(manifest)?.mtimeMs;
    if (stamp === undefined) return [];
    const kept = this.#kept.get(sweep);
    if (kept?.stamp === stamp) return kept.members;
    const members = this.#read(manifest, path, sweep);
    this.#kept.set(sweep, { stamp, members });
    return members;
  }

  #read(manifest: string, path: string, sweep: string): [string, Membership][] {
    try {
      const { members } = sweepManifest.parse(JSON.parse(this.#folder.text(manifest)));
      return members.slice(0, 10_000).map((entry) => {
        const id = posix.normalize(below(path, entry.folder)).replace(/\/$/, "");
        const values = Object.entries({ ...entry.configuration, seed: entry.seed });
        const member = text(values.map(([key, v]) => `${key}=${text(v, 80)}`).join(" "), 400);
        this.#logs.set(id, `${path}/logs/${entry.number}.log`);
        return [id, { sweep, member }];
      });
    } catch {
      // `dsbm sweep status` reports a damaged manifest.
      return [];
    }
  }
}
