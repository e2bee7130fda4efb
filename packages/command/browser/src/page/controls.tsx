import type { PageTask } from "./task.js";
import type { PageStep } from "./use-work.js";

interface ControlsProps {
  task: PageTask;
  step: PageStep;
  setTask(task: PageTask): void;
  choose(task: PageTask): void;
  fit(): void;
  resume(): void;
}

/** Minutes, seed, and the next steps. */
export const Controls = ({ task, step, setTask, choose, fit, resume }: ControlsProps) => (
  <div class="row">
    <label>
      Minutes{" "}
      <input
        type="number"
        min="0.01"
        step="any"
        value={task.minutes}
        onChange={(e) => setTask({ ...task, minutes: Number(e.currentTarget.value) || 1 })}
      />
    </label>
    <label>
      Seed{" "}
      <input
        type="number"
        step="1"
        value={task.seed}
        onChange={(e) => setTask({ ...task, seed: Math.trunc(Number(e.currentTarget.value)) })}
      />
    </label>
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
