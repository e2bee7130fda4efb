// One run as a row of the table. Of each file only what the row needs is read (of metrics.jsonl the last lines), and again
// only when the file has changed.
import { lockHolder } from "@dsbm/files";
import type { Folder } from "../files/inside.js";
import type { RunRow, State } from "../shared/api.js";
import { newest, readResults } from "./results.js";
import { number, record, text, textOrNull, time } from "./values.js";

/** Bytes at the end of metrics.jsonl in which the last whole line is looked for: few, and more where there is none. */
const lastBytes = [1 << 10, 16 << 10];
const states: readonly string[] = ["running", "interrupted", "failed", "finished"];

/** What is kept of a file: what was taken from it, and how the file looked then. */
interface Kept<T> {
  stamp: string;
  value: T;
}

interface Facts {
  name: string;
  method: string;
  data: string;
  seed: string;
  halves: number | null;
}

export const below = (id: string, name: string): string => (id === "" ? name : `${id}/${name}`);

/** Reads rows of runs in a folder, and remembers what they were made of. */
export class Summaries {
  readonly #folder: Folder;
  readonly #kept = new Map<string, Kept<unknown>>();

  constructor(folder: Folder) {
    this.#folder = folder;
  }

  /** The row of the run `id`, whose folder is no link, without its sweep. Never throws: what cannot be read is its reason. */
  row(id: string): RunRow {
    const blank = { sweep: null, member: "", metrics: {}, half: 0, step: 0, loss: null };
    let changed = 0;
    const from = <T>(name: string, none: T, read: (path: string) => T): T => {
      const path = below(id, name);
      const stat = this.#folder.peek(path);
      if (!stat?.isFile()) return none;
      changed = Math.max(changed, stat.mtimeMs);
      const stamp = `${stat.ino} ${stat.size} ${stat.mtimeMs}`;
      const kept = this.#kept.get(path) as Kept<T> | undefined;
      if (kept?.stamp === stamp) return kept.value;
      const value = read(path);
      this.#kept.set(path, { stamp, value });
      return value;
    };
    try {
      const info = from("run.json", null, (path) => this.#info(path));
      const facts = from("config.json", noFacts(id), (path) => this.#facts(path, id));
      const metrics = from("results.csv", {}, (path) => this.#results(path));
      const at = from("metrics.jsonl", noPlace, (path) => this.#place(path));
      const live = info?.state === "running" && isHeld(this.#folder, id);
      const state = info?.state === "running" && !live ? "interrupted" : (info?.state ?? null);
      if (!info || state === null)
        return { ...blank, ...facts, ...unreadable(id, "run.json is not that of a run"), changed };
      const { half, step, loss } = at;
      return {
        ...blank,
        ...facts,
        id,
        state,
        metrics,
        half,
        step,
        loss,
        changed,
        reason: state === info.state ? info.reason : "the process ended without a message",
        started: info.started,
        since: info.since,
        spent: info.spent,
        seconds: secondsOf(info, changed, live),
      };
    } catch (error) {
      return { ...blank, ...noFacts(id), ...unreadable(id, messageOf(error)), changed };
    }
  }

  /** Forgets runs that are gone. */
  forget(id: string): void {
    for (const name of ["run.json", "config.json", "results.csv", "metrics.jsonl"])
      this.#kept.delete(below(id, name));
  }

  #info(path: string) {
    const info = record(JSON.parse(this.#folder.text(path, { limit: 1 << 20 })));
    const state = states.includes(info.state as string) ? (info.state as State) : null;
    const resumed = Array.isArray(info.resumed) ? time(info.resumed.at(-1)) : null;
    const { reason, ended } = info;
    const started = time(info.started);
    return {
      state,
      reason: textOrNull(reason),
      started,
      since: resumed ?? started,
      spent: Math.max(0, number(info.spent) ?? 0),
      ended: time(ended),
    };
  }

  #facts(path: string, id: string): Facts {
    try {
      return factsOf(record(JSON.parse(this.#folder.text(path, { limit: 1 << 20 }))), id);
    } catch {
      // The rest of the row says enough; the page of the run names the file.
      return noFacts(id);
    }
  }

  #results(path: string) {
    try {
      return newest(readResults(this.#folder, path, { last: 12 }));
    } catch {
      return {};
    }
  }

  #place(path: string) {
    for (const limit of lastBytes) {
      const bytes = this.#folder.bytes(path, { from: -limit, limit });
      const lines = bytes.toString("utf8").split("\n").slice(0, -1);
      for (const line of lines.reverse()) {
        try {
          const row = record(JSON.parse(line));
          const [half, step] = [number(row.half_iteration), number(row.step)];
          if (half !== null && step !== null) return { half, step, loss: number(row.loss) };
        } catch {
          // A line of a damaged file, or the rest of one that was cut off.
        }
      }
    }
    return noPlace;
  }
}

const noPlace: { half: number; step: number; loss: number | null } = {
  half: 0,
  step: 0,
  loss: null,
};

const noFacts = (id: string): Facts => ({
  name: id.split("/").at(-3) ?? id,
  method: "",
  data: "",
  seed: "",
  halves: null,
});

const unreadable = (id: string, reason: string) => ({
  id,
  state: "unreadable" as const,
  reason: text(reason, 300),
  started: null,
  seconds: null,
  since: null,
  spent: 0,
});

export const messageOf = (error: unknown): string =>
  error instanceof Error ? error.message : String(error);

function isHeld(folder: Folder, id: string): boolean {
  const lock = below(id, ".lock");
  const stat = folder.stat(lock);
  return stat?.isFile() === true && stat.size < 4096
    ? lockHolder(folder.resolve(lock)) !== undefined
    : false;
}

function factsOf(config: Record<string, unknown>, id: string): Facts {
  const { Dataset, Dataset_transfer, transfer, name, method, seed, half_iterations } = config;
  const data = record(config.data);
  const short = (value: unknown) =>
    text(value, 200)
      .replace(/^\w+:/, "")
      .replace(/^.*\/(?=.)/, "");
  const [source, target] = [short(Dataset), transfer ? short(Dataset_transfer) : "gaussian"];
  const size = number(data.dim) === null ? "" : `, ${number(data.dim)} dimensions`;
  const groups = [data.source, data.target].map((value) => text(value, 80));
  const ends = data.split_by ? groups : [source, target];
  return {
    name: text(name, 200) || noFacts(id).name,
    method: text(method, 80),
    data: ends[0] === "" ? "" : (ends[0] === ends[1] ? ends[0] : ends.join(" → ")) + size,
    seed: text(seed, 40),
    halves: number(half_iterations),
  };
}

function secondsOf(
  { since, spent, ended }: { since: string | null; spent: number; ended: string | null },
  changed: number,
  live: boolean,
): number | null {
  const from = Date.parse(since ?? "");
  const to = live ? Date.now() : ended === null ? changed : Date.parse(ended);
  return Number.isFinite(from) ? spent + Math.max(0, (to - from) / 1000) : null;
}
