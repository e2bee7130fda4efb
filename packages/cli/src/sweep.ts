// A sweep: several runs side by side, each a process of its own, so that one that fails takes nothing along.
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { cores } from "./cores.js";
import { createInterrupt } from "./interrupt.js";

export interface SweepMember {
  label: string;
  /** The command line of this member alone. */
  args: string[];
  finished: () => boolean;
}

const program = fileURLToPath(new URL("../bin/dsbm.mjs", import.meta.url));

type Outcome =
  | { state: "finished" }
  | { state: "skipped" }
  | { state: "stopped" }
  | { state: "failed"; why: string };

function runMember(
  { label, args }: SweepMember,
  place: string,
  share: number,
  signal: AbortSignal,
): Promise<Outcome> {
  return new Promise((done) => {
    const child = spawn(process.execPath, [program, ...args], {
      stdio: ["ignore", "pipe", "pipe"],
      detached: true, // a terminal's Ctrl-C reaches us alone; a member gets it once, from us
      env: { ...process.env, DSBM_CORES: String(share) },
    });
    let last = "";
    const stop = () => child.kill("SIGINT");
    signal.addEventListener("abort", stop, { once: true });
    for (const stream of [child.stdout, child.stderr]) {
      createInterface({ input: stream }).on("line", (line) => {
        if (line.trim() !== "") last = line;
        console.log(`[${place} ${label}] ${line}`);
      });
    }
    child.on("error", (error) => done({ state: "failed", why: error.message }));
    child.on("close", (code, killed) => {
      signal.removeEventListener("abort", stop);
      if (code === 0) done({ state: "finished" });
      else if (code === 130 || signal.aborted) done({ state: "stopped" });
      else done({ state: "failed", why: killed ? `killed by ${killed}` : last });
    });
  });
}

/** Runs the members, as many at once as there are cores; returns 0 when all are finished, else 1 (130 when stopped). */
export async function sweep(members: readonly SweepMember[]): Promise<number> {
  const interrupt = createInterrupt();
  const atOnce = Math.min(cores(), members.length);
  const share = Math.max(1, Math.floor(cores() / atOnce));
  const outcomes: Outcome[] = [];
  console.log(`${members.length} runs, ${atOnce} at once`);
  let next = 0;
  const worker = async () => {
    while (next < members.length && !interrupt.signal.aborted) {
      const index = next++;
      const member = members[index] as SweepMember;
      const place = `${index + 1}/${members.length}`;
      try {
        if (member.finished()) outcomes[index] = { state: "skipped" };
        else outcomes[index] = await runMember(member, place, share, interrupt.signal);
      } catch (error) {
        outcomes[index] = {
          state: "failed",
          why: error instanceof Error ? error.message : String(error),
        };
      }
    }
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
  interrupt.dispose();
  const count = (state: Outcome["state"]) => outcomes.filter((o) => o?.state === state).length;
  for (const [i, outcome] of outcomes.entries())
    if (outcome?.state === "failed") console.log(`failed: ${members[i]?.label}: ${outcome.why}`);
  console.log(
    `${count("finished")} finished, ${count("skipped")} finished before, ${count("failed")} failed, ${members.length - count("finished") - count("skipped") - count("failed")} not finished`,
  );
  if (interrupt.signal.aborted) return 130;
  return count("failed") > 0 ? 1 : 0;
}
