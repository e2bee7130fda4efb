import { TrainingFields } from "@dsbm/studio/widgets";
import { numberOf, type PageTask } from "./task.js";
import type { PageStep } from "./use-work.js";

interface ControlsProps {
  task: PageTask;
  step: PageStep;
  setTask(task: PageTask): void;
  choose(task: PageTask): void;
  fit(): void;
  resume(): void;
}

/** Whether one table says nowhere what its source and its target are. */
const lacksEnds = ({ files, options }: PageTask): boolean =>
  files.length === 1 && !options.time && !options["data.split_by"];

/** Minutes, seed, and the next steps. */
export const Controls = ({ task, step, setTask, choose, fit, resume }: ControlsProps) =>
  lacksEnds(task) ? (
    <p role="status">
      This is one table. Choose <b>time</b> or <b>groups</b> as the use of one of its columns, or
      give two tables at once: where the rows begin, and where they end.
    </p>
  ) : (
    <div class="row">
      <TrainingFields
        values={{ minutes: `${task.minutes}`, seed: `${task.seed}` }}
        onChange={(name, text) => setTask({ ...task, ...numberOf[name](text) })}
      />
      <button type="button" disabled={step === "training"} onClick={() => choose(task)}>
        Plan
      </button>
      <button type="button" class="main" disabled={step === "training"} onClick={() => fit()}>
        Train
      </button>
      {step === "stopped" && (
        <button type="button" onClick={resume}>
          Continue
        </button>
      )}
    </div>
  );
