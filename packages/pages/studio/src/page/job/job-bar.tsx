import { useState } from "preact/hooks";
import type { JobView, StudioState } from "../../shared/api.js";
import { StepsLine } from "../../widgets/index.js";
import { Fault } from "../lib/parts.js";
import { hrefOf } from "../lib/route.js";
import { post, useTask } from "../lib/server.js";

const workNames: Readonly<Record<string, string>> = {
  fit: "Training",
  extend: "Training",
  sample: "Sampling",
  evaluate: "Evaluation",
  export: "Export",
};

const stateNames: Readonly<Record<JobView["state"], string>> = {
  running: "runs",
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
  const row = rows.find(({ id }) => id === job.run);
  const name = row?.name || job.run.split("/")[0];
  const work = workNames[job.command] ?? job.command;
  return (
    <section class={`job ${job.state}`} aria-label="Work of the studio">
      <p>
        <b>{work}</b> of {row ? <a href={hrefOf("run", { run: job.run })}>{name}</a> : name}{" "}
        <span role="status">
          {stateNames[job.state]}
          {job.state === "stopped" && work === "Training" && ": Continue on its page resumes it"}
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
      <details open={job.state === "failed"}>
        <summary>{lastLine(job) || "Log"}</summary>
        <pre class="log" tabIndex={0}>
          {job.log}
          {job.output}
        </pre>
      </details>
    </section>
  );
}

const lastLine = ({ log }: JobView): string => log.trimEnd().split("\n").at(-1) ?? "";
