import { DropZone } from "@dsbm/studio/widgets";
import type { StoredRun } from "@dsbm/web/fit";
import { type ExampleName, exampleTask, type PageTask } from "./task.js";

const examples: readonly (readonly [ExampleName, string])[] = [
  ["rivers", "Rivers: winter to summer"],
  ["rings", "Points: blob to ring"],
];

interface StartProps {
  task: PageTask;
  runs: readonly StoredRun[];
  look(task: PageTask): void;
  open(run: string): void;
  forget(run: string): void;
}

/** Where files are dropped, the examples, and the runs that this browser keeps. */
export function StartView({ task, runs, look, open, forget }: StartProps) {
  return (
    <section aria-label="Start">
      <DropZone onFiles={(files) => look({ ...task, files, example: null, options: {} })}>
        Drop tables here, or choose them: source and target, more in the order of their times, or
        one with a column of times or groups (CSV, TSV, npy, parquet, and on a site h5ad)
      </DropZone>
      <div class="row">
        <span>Or take an example:</span>
        {examples.map(([name, title]) => (
          <button
            type="button"
            key={name}
            onClick={() => look({ ...task, example: name, ...exampleTask(name) })}
          >
            {title}
          </button>
        ))}
      </div>
      {runs.length > 0 && (
        <ul class="runs" aria-label="Runs of this browser">
          {runs.map(({ name, bytes }) => (
            <li key={name}>
              <button type="button" onClick={() => open(name)}>
                {name}
              </button>{" "}
              {(bytes / 1e6).toFixed(1)} MB{" "}
              <button type="button" aria-label={`Forget ${name}`} onClick={() => forget(name)}>
                Forget
              </button>
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}
