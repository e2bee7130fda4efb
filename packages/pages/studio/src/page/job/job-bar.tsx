import { useState } from "preact/hooks";
import type { JobView, RunRow, StudioState } from "../../shared/api.js";
import { StepsLine } from "../../widgets/index.js";
import { LogText } from "../lib/log-text.js";
import { Fault } from "../lib/parts.js";
import { hrefOf } from "../lib/route.js";
import { post, useTask } from "../lib/server.js";

const workNames: Readonly<Record<string, string>> = {
  fit: "Training",
  extend: "Training",
  sample: "Sampling",
  annotate: "Annotation",
  evaluate: "Evaluation",
  export: "Export",
};

const stateNames: Readonly<Record<JobView["state"], string>> = {
  running: "is running",
  stopping: "stops at its next step",
  finished: "is finished",
  stopped: "was stopped",
  failed: "failed",
};

/** Whether a job is at work. */
export const isAtWork = (job: JobView | null): boolean =>
  job?.state === "running" || job?.state === "stopping";

/** The newest job of the studio, on every page. */
export function JobBar({ state: { job, rows } }: { state: StudioState }) {
  const task = useTask();
  const [hidden, setHidden] = useState(0);
  if (!job || job.id === hidden) return null;
  const begun = rows.filter(({ id }) => job.runs.includes(id));
  const row = begun.find(({ state }) => state === "running") ?? begun[0];
  const work = workNames[job.command] ?? job.command;
  return (
    <section class={`job ${job.state}`} aria-label="Work of the studio">
      <p>
        <b>{work}</b> of <JobRuns job={job} begun={begun} />{" "}
        <span role="status">
          {stateNames[job.state]}
          {job.runs.length > 1 && `, ${countFinished(begun)} of ${job.runs.length} finished`}
          {job.state === "stopped" && work === "Training" && `: ${resuming(job)}`}
        </span>{" "}
        {!isAtWork(job) && (
          <button type="button" onClick={() => setHidden(job.id)}>
            Hide
          </button>
        )}
      </p>
      {isAtWork(job) && (
        <StepsLine
          state={row?.progress ?? null}
          waiting={job.command === "fit" ? "The data are read and measured." : "At work …"}
        >
          <button
            type="button"
            disabled={task.isBusy}
            onClick={() => task.run(() => post("stop", {}))}
          >
            {job.state === "stopping" ? "Stop at once" : "Stop"}
          </button>
        </StepsLine>
      )}
      <Fault text={task.error} />
      <JobLog job={job} />
    </section>
  );
}

const resuming = ({ runs }: JobView): string =>
  runs.length > 1
    ? "Continue on the page of a run resumes it; the same start in New bridge trains all unfinished runs"
    : "Continue on its page resumes it";

/** The run of a job, or the comparison of a sweep. */
function JobRuns({ job: { runs }, begun }: { job: JobView; begun: readonly RunRow[] }) {
  const [run = ""] = runs;
  const name = begun[0]?.name || run.split("/")[0];
  if (runs.length === 1)
    return <a href={begun.length > 0 ? hrefOf("run", { run }) : undefined}>{name}</a>;
  return (
    <a href={hrefOf("compare", { run: runs })}>
      {runs.length} runs of {name}
    </a>
  );
}

const countFinished = (rows: readonly RunRow[]): number =>
  rows.filter(({ state }) => state === "finished").length;

/** The last message, and all others to unfold. */
function JobLog({ job: { log, output, lastLine, state } }: { job: JobView }) {
  if (`${log}${output}`.trim() === lastLine.trim()) return <p>{lastLine}</p>;
  return (
    <details open={state === "failed"}>
      <summary>{lastLine || "Log"}</summary>
      <LogText>
        {log}
        {output}
      </LogText>
    </details>
  );
}
