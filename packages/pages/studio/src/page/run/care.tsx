// What is done with a run: resume, extend, copy its command, a note, deletion.
import { useRef, useState } from "preact/hooks";
import type { RunDetail } from "../../shared/api.js";
import { CopyButton, Fault } from "../lib/parts.js";
import { hrefOf, optionTexts } from "../lib/route.js";
import { post, useTask } from "../lib/server.js";

interface CareProps {
  detail: RunDetail;
  /** Whether a job is at work. */
  isBusy: boolean;
}

/** The buttons of a run. */
export function Care({ detail, isBusy }: CareProps) {
  const { row, command, fit } = detail;
  const task = useTask();
  const { id, state } = row;
  const isStopped = state === "interrupted" || state === "failed";
  return (
    <>
      {isStopped && <ResumeNote detail={detail} />}
      <div class="bar">
        {isStopped && detail.resumeRefusal === null && (
          <button
            type="button"
            class="main"
            disabled={isBusy || task.isBusy}
            onClick={() => task.run(() => post("resume", { run: id }))}
          >
            Continue
          </button>
        )}
        {state === "finished" && detail.extendRefusal === null && (
          <button
            type="button"
            disabled={isBusy || task.isBusy}
            onClick={() => task.run(() => post("extend", { run: id, more: 2 }))}
          >
            Extend by 2 half-iterations
          </button>
        )}
        {fit !== null && (
          <a
            class="button"
            href={hrefOf("new", { file: fit.files, option: optionTexts(fit.options) })}
          >
            Change and train again
          </a>
        )}
        {command !== null && <CopyButton text={command} />}
        <NoteButton id={id} note={row.note} />
        {state !== "running" && <DeleteButton id={id} name={row.name} />}
      </div>
      <Fault text={task.error} />
    </>
  );
}

/** How a stopped run continues, or why it does not. */
function ResumeNote({
  detail: { command, hasCheckpoint, resumeRefusal },
}: Pick<CareProps, "detail">) {
  if (resumeRefusal !== null) return <p>This run cannot be resumed here: {resumeRefusal}.</p>;
  return (
    <p>
      {command === null ? "This run" : <code>{command}</code>}{" "}
      {hasCheckpoint
        ? "resumes from the newest checkpoint."
        : "starts again: no checkpoint was written."}
    </p>
  );
}

function NoteButton({ id, note }: { id: string; note: string }) {
  const [text, setText] = useState<string | null>(null);
  const task = useTask();
  if (text === null)
    return (
      <button type="button" onClick={() => setText(note)}>
        {note === "" ? "Add a note" : "Change the note"}
      </button>
    );
  const save = () =>
    task.run(async () => {
      await post("note", { run: id, note: text });
      setText(null);
    });
  return (
    <div class="note-form">
      <label>
        Note
        <textarea rows={4} value={text} onInput={(e) => setText(e.currentTarget.value)} />
      </label>
      <button type="button" disabled={task.isBusy} onClick={save}>
        Save the note
      </button>{" "}
      <button type="button" onClick={() => setText(null)}>
        Leave it
      </button>
      <Fault text={task.error} />
    </div>
  );
}

function DeleteButton({ id, name }: { id: string; name: string }) {
  const dialog = useRef<HTMLDialogElement>(null);
  const task = useTask();
  const remove = () =>
    task.run(async () => {
      await post("delete", { run: id });
      location.hash = hrefOf("runs");
    });
  return (
    <>
      <button type="button" onClick={() => dialog.current?.showModal()}>
        Delete …
      </button>
      <dialog ref={dialog} aria-labelledby="delete-title">
        <h2 id="delete-title">Delete this run?</h2>
        <p>
          {name || "The run"} in <code>{id}</code>, with its networks, report and files. Nothing
          brings it back.
        </p>
        <Fault text={task.error} />
        <div class="bar">
          <button type="button" onClick={() => dialog.current?.close()}>
            Keep it
          </button>
          <button type="button" class="danger" disabled={task.isBusy} onClick={remove}>
            Delete it
          </button>
        </div>
      </dialog>
    </>
  );
}
