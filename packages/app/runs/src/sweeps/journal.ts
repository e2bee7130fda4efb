// The journal of a sweep: one line for each launch, start and end. It can be read while the sweep runs and after a
// kill; the last line about a member counts.
import { existsSync } from "node:fs";
import { openLineWriter } from "../files/append.js";
import { readJsonLines, toJson } from "../files/json.js";

/** A launch names all its members; a local one also writes when each member starts and ends. */
export type SweepEvent =
  | {
      event: "launch";
      launcher: "local" | "slurm";
      members: number[];
      /** The job array, for Slurm. */
      job: string | null;
      /** Whether finished runs are run again. */
      again: boolean;
    }
  | { event: "start"; member: number }
  | { event: "end"; member: number; code: number | null; why: string | null };

/** The last known phase of a member. */
export interface Trace {
  launcher: "local" | "slurm";
  job: string | null;
  again: boolean;
  /** When it was started or, if that is not known, launched. */
  since: string;
  phase: "launched" | "started" | "ended";
  code: number | null;
  why: string | null;
}

/** Appends events, each with its time, flushed. Throws RunError. */
export function openJournal(path: string): { write(event: SweepEvent): void; close(): void } {
  const lines = openLineWriter(path);
  return {
    write(event) {
      lines.append(toJson({ time: new Date().toISOString(), ...event }));
      lines.flush();
    },
    close: lines.close,
  };
}

/** The trace of each member that was launched. Throws RunError "corrupt". */
export function readTraces(path: string): Map<number, Trace> {
  const traces = new Map<number, Trace>();
  if (!existsSync(path)) return traces;
  for (const line of readJsonLines(path)) {
    const event = line as unknown as SweepEvent & { time: string };
    if (event.event === "launch") {
      const { launcher, job, again, time } = event;
      const trace = { launcher, job, again, since: time, code: null, why: null };
      for (const member of event.members) traces.set(member, { ...trace, phase: "launched" });
      continue;
    }
    const before = traces.get(event.member);
    if (!before) continue;
    const after: Trace =
      event.event === "start"
        ? { ...before, phase: "started", since: event.time }
        : { ...before, phase: "ended", code: event.code, why: event.why };
    traces.set(event.member, after);
  }
  return traces;
}
