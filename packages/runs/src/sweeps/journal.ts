// What was started when and how it ended, a line each: a status read beside a living sweep, or after one that was
// killed, finds whole lines only, and what came last of each member.
import { existsSync } from "node:fs";
import { openLineWriter } from "../files/append.js";
import { readJsonLines, toJson } from "../files/json.js";

/** A launch names all members that it is to run; local ones then tell of each when it starts and ends. */
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

/** Where a member is as far as what started it has told. */
export interface Trace {
  launcher: "local" | "slurm";
  job: string | null;
  again: boolean;
  /** When it was launched or, if that is known, started. */
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

/** The newest trace of each member that was ever launched. Throws RunError "corrupt". */
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
