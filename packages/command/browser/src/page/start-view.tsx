import type { StoredRun } from "@dsbm/web/fit";
import { useState } from "preact/hooks";
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
  const [isOver, setOver] = useState(false);
  const take = (list: FileList | null | undefined) => {
    const files = [...(list ?? [])];
    if (files.length > 0) look({ ...task, files, example: null, options: {} });
  };
  const hover = (event: DragEvent) => {
    event.preventDefault();
    setOver(event.type !== "dragleave");
  };
  return (
    <section aria-label="Start">
      <label
        class={isOver ? "drop over" : "drop"}
        onDragOver={hover}
        onDragLeave={hover}
        onDrop={(event) => {
          hover(event);
          setOver(false);
          take(event.dataTransfer?.files);
        }}
      >
        Drop the source and the target here, or choose both files (CSV, TSV, npy, parquet)
        <input type="file" multiple onChange={(event) => take(event.currentTarget.files)} />
      </label>
      <div class="row">
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
