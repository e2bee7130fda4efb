// The journal of a sweep: one line for each launch, start and end, readable at any time.
import { existsSync } from "node:fs";
import { openAppendFile } from "@dsbm/files";
import { z } from "zod";
import { readJsonLines, toJson } from "../files/json.js";

const launch = z.object({
  event: z.literal("launch"),
  launcher: z.enum(["local", "slurm"]),
  members: z.array(z.number()),
  job: z.string().nullable(),
  /** Whether finished runs are run again. */
  again: z.boolean(),
});
const sweepEvent = z.discriminatedUnion("event", [
  launch,
  z.object({ event: z.literal("start"), member: z.number() }),
  z.object({
    event: z.literal("end"),
    member: z.number(),
    code: z.number().nullable(),
    why: z.string().nullable(),
  }),
]);
/** A line of the journal of a sweep. */
export type SweepEvent = z.output<typeof sweepEvent>;
const line = z.intersection(z.object({ time: z.string() }), sweepEvent);

/** What the journal says about a member. */
export interface Trace extends Pick<z.output<typeof launch>, "launcher" | "job" | "again"> {
  /** The time of its start, or of its launch if the start is unknown. */
  since: string;
  phase: "launched" | "started" | "ended";
  code: number | null;
  why: string | null;
}

/** Appends timed events and flushes them. Throws FileError. */
export function openJournal(path: string): { write(event: SweepEvent): void; close(): void } {
  const file = openAppendFile(path);
  return {
    write(event) {
      file.append(`${toJson({ time: new Date().toISOString(), ...event })}\n`);
      file.flush();
    },
    close: () => file.close(),
  };
}

/**
 * The trace of each launched member; the last line about a member counts. Throws RunError
 * "corrupt".
 */
export function readTraces(path: string): Map<number, Trace> {
  const traces = new Map<number, Trace>();
  for (const value of existsSync(path) ? readJsonLines(path) : []) {
    const event = line.safeParse(value).data;
    if (event === undefined) continue;
    const { time: since } = event;
    if (event.event === "launch") {
      const { launcher, job, again } = event;
      const trace: Trace = {
        launcher,
        job,
        again,
        since,
        phase: "launched",
        code: null,
        why: null,
      };
      for (const member of event.members) traces.set(member, trace);
      continue;
    }
    const before = traces.get(event.member);
    if (before && event.event === "start")
      traces.set(event.member, { ...before, phase: "started", since });
    if (before && event.event === "end")
      traces.set(event.member, { ...before, phase: "ended", code: event.code, why: event.why });
  }
  return traces;
}
