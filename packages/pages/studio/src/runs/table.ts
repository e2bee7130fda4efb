// A scan lists folders, and reads of each run what has changed.

import { lockHolder } from "@dsbm/files";
import {
  barShape,
  courseTitle,
  dataFile,
  decidingRow,
  grades,
  gradeText,
  liveProgress,
  type Quality,
  type RunInfo,
  runInfo,
} from "@dsbm/runs";
import type { Folder } from "../files/inside.js";
import { isRunFolder, pathBelow, walkFolders } from "../files/walk.js";
import type { ComparedMetric, RunGrade, RunRow, Runs } from "../shared/api.js";
import {
  configFacts,
  endsOf,
  longestNote,
  messageOf,
  noteFile,
  readAs,
  readQuality,
} from "./files.js";
import { headlines, trainingHeadlines } from "./metrics.js";
import { readResults } from "./results.js";

const mostRuns = 1000;

/** The runs of a folder; a summary is read again only if its files changed. */
export class RunTable {
  readonly #folder: Folder;
  readonly #summaries: Summaries;

  constructor(folder: Folder) {
    this.#folder = folder;
    this.#summaries = new Summaries(folder);
  }

  /** All runs of the folder. */
  scan(): Runs {
    const { ids, left } = this.#runs();
    return { rows: ids.map((id) => this.#summaries.row(id)), left, folder: this.#folder.root };
  }

  /** A run by its path below the folder; undefined if it is none. */
  row(id: string): RunRow | undefined {
    if (!this.#folder.stat(pathBelow(id, "run.json"))?.isFile()) return undefined;
    return this.#summaries.row(id);
  }

  #runs(): { ids: string[]; left: number } {
    const ids: string[] = [];
    let left = 0;
    walkFolders((path) => {
      // The folder of a run is not listed: that would be most of the work of a scan.
      if (!isRunFolder(this.#folder, path)) return this.#folder.list(path);
      if (ids.length < mostRuns) ids.push(path);
      else left++;
      return [];
    });
    return { ids, left };
  }
}

/** Bytes at the end of metrics.jsonl, searched for the last whole line. */
const lastBytes = 16 << 10;

interface Kept<T> {
  stamp: string | undefined;
  value: T;
}

type ConfigPart = Pick<RunRow, "name" | "method" | "data" | "seed" | "halves">;
type StatePart = Pick<RunRow, "state" | "reason" | "started" | "seconds" | "given">;
type PlacePart = Pick<RunRow, "half" | "step" | "loss">;

const barWidth = 96;

const gradesOf = (quality: Quality): RunGrade[] =>
  quality.verdicts.map((verdict) => {
    const { direction, grade } = verdict;
    const row = decidingRow(quality, verdict);
    return {
      direction,
      grade,
      rank: grades.indexOf(grade),
      text: gradeText(grade),
      bar: row ? barShape(row, { width: barWidth }) : null,
    };
  });

const noEvaluation: { grades: RunGrade[]; measured: ComparedMetric[] } = {
  grades: [],
  measured: [],
};

const noPlace: PlacePart = { half: 0, step: 0, loss: null };

/** Reads rows of runs in a folder. Unchanged runs are not read again. */
class Summaries {
  readonly #folder: Folder;
  readonly #kept = new Map<string, Kept<unknown>>();

  constructor(folder: Folder) {
    this.#folder = folder;
  }

  /** The row of the run `id`, whose folder is no link. An error is the reason of the row. */
  row(id: string): RunRow {
    let changed = 0;
    const problems: string[] = [];
    const from = <T>(name: string, none: T, read: (path: string) => T): T => {
      const path = pathBelow(id, name);
      const stat = this.#folder.peek(path);
      if (!stat?.isFile()) return none;
      changed = Math.max(changed, stat.mtimeMs);
      const stamp = this.#folder.stamp(path);
      const kept = this.#kept.get(path) as Kept<T> | undefined;
      if (kept !== undefined && kept.stamp === stamp) return kept.value;
      const value = read(path);
      this.#kept.set(path, { stamp, value });
      return value;
    };
    /** A file that cannot be read is a line of the row. */
    const ifReadable = <T>(name: string, none: T, read: (path: string) => T): T => {
      const { value, problem } = from(name, { value: none, problem: "" }, (path) => {
        try {
          return { value: read(path), problem: "" };
        } catch (error) {
          return { value: none, problem: messageOf(error) };
        }
      });
      if (problem !== "") problems.push(problem);
      return value;
    };
    const facts = ifReadable("config.json", unknownConfig(id), (path) => this.#config(path, id));
    const course = ifReadable("data.json", null, (path) => {
      const { course } = readAs(this.#folder, path, dataFile);
      return course && courseTitle(course);
    });
    const trained = ifReadable<ComparedMetric[]>("results.csv", [], (path) =>
      trainingHeadlines(readResults(this.#folder, path)),
    );
    const { grades, measured } = ifReadable("quality.json", noEvaluation, () => {
      const quality = readQuality(this.#folder, id);
      return { grades: gradesOf(quality), measured: headlines(quality) };
    });
    const metrics = measured.length > 0 ? measured : trained;
    const place = ifReadable("metrics.jsonl", noPlace, (path) => this.#place(path));
    const state = (): StatePart => {
      try {
        const info = from("run.json", null, (path) => readAs(this.#folder, path, runInfo));
        return info ? this.#state(info, id, changed) : unreadable("there is no run.json");
      } catch (error) {
        return unreadable(messageOf(error));
      }
    };
    const note = ifReadable(noteFile, "", (path) =>
      this.#folder.text(path, { limit: longestNote }),
    );
    const now = state();
    const progress =
      now.state === "running"
        ? ifReadable("progress.json", null, (path) => readAs(this.#folder, path, liveProgress))
        : null;
    const data = course ?? facts.data;
    return { id, ...facts, data, note, progress, grades, metrics, problems, ...place, ...now };
  }

  #state(info: RunInfo, id: string, changed: number): StatePart {
    const { started, spent, ended } = info;
    const since = info.resumed.at(-1) ?? started;
    const isLive = info.state === "running" && isHeld(this.#folder, id);
    const isKilled = info.state === "running" && !isLive;
    const from = Date.parse(since);
    const to = isLive ? Date.now() : ended === null ? changed : Date.parse(ended);
    return {
      state: isKilled ? "interrupted" : info.state,
      reason: isKilled ? "the process ended without a message" : info.reason,
      started: started || null,
      given: textsOf(info.request?.overrides ?? {}),
      seconds: Number.isFinite(to - from) ? spent + Math.max(0, (to - from) / 1000) : null,
    };
  }

  #config(path: string, id: string): ConfigPart {
    const config = readAs(this.#folder, path, configFacts);
    const { data, seed, half_iterations } = config;
    const { source, target } = endsOf(config);
    const size = data.dim == null ? "" : `, ${data.dim} dimensions`;
    return {
      name: config.name || unknownConfig(id).name,
      method: config.method,
      data: source ? [...new Set([source, target])].join(" → ") + size : "",
      seed: String(seed ?? ""),
      halves: half_iterations,
    };
  }

  #place(path: string): PlacePart {
    const bytes = this.#folder.bytes(path, { from: -lastBytes, limit: lastBytes });
    const lines = bytes.toString("utf8").split("\n").slice(0, -1);
    for (const line of lines.reverse()) {
      try {
        const { half_iteration: half, step, loss } = JSON.parse(line);
        if (typeof half === "number" && typeof step === "number")
          return { half, step, loss: typeof loss === "number" ? loss : null };
      } catch {
        // A line of a damaged file, or a part of a line.
      }
    }
    return noPlace;
  }
}

const unknownConfig = (id: string): ConfigPart => ({
  name: id.split("/").at(-3) ?? id,
  method: "",
  data: "",
  seed: "",
  halves: null,
});

const textsOf = (overrides: Record<string, unknown>): Record<string, string> =>
  Object.fromEntries(
    Object.entries(overrides).map(([key, value]) => [
      key,
      typeof value === "string" ? value : JSON.stringify(value),
    ]),
  );

const unreadable = (reason: string): StatePart => ({
  state: "unreadable",
  reason,
  started: null,
  given: {},
  seconds: null,
});

function isHeld(folder: Folder, id: string): boolean {
  const lock = pathBelow(id, ".lock");
  const stat = folder.stat(lock);
  return stat?.isFile() === true && stat.size < 4096
    ? lockHolder(folder.resolve(lock)) !== undefined
    : false;
}
