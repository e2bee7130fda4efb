import { fileSize } from "../lib/format.js";
import { Fault } from "../lib/parts.js";
import { apiPath, post, useTask } from "../lib/server.js";
import type { UseProps } from "./use.js";

/** The files that the forms of this page have written. */
export const OutputList = ({ detail: { row, outputs } }: Pick<UseProps, "detail">) =>
  outputs.length === 0 ? null : (
    <section aria-label="Files">
      <h2>Files</h2>
      <ul class="places" aria-label="Files of this run">
        {outputs.map(({ file, bytes }) => (
          <li key={file}>
            <a href={apiPath("output", { run: row.id, file })} download>
              {file.replace(/^outputs\//, "")}
            </a>{" "}
            <small>{fileSize(bytes)}</small>
          </li>
        ))}
      </ul>
    </section>
  );

/** Why a run can be neither exported nor played. */
export const NoExport = ({ detail }: Pick<UseProps, "detail">) => (
  <p class="note">This run has no export and no player: {detail.exportRefusal}.</p>
);

/** A page that plays the bridge, or its models. */
export function Export({ detail: { row }, isBusy }: UseProps) {
  const task = useTask();
  const start = (kind: "page" | "onnx") => () =>
    task.run(() => post("export", { run: row.id, kind }));
  return (
    <section aria-label="Export">
      <h2>Export</h2>
      <div class="bar">
        <button type="button" disabled={isBusy || task.isBusy} onClick={start("page")}>
          Export a page that plays it
        </button>
        <button type="button" disabled={isBusy || task.isBusy} onClick={start("onnx")}>
          Export ONNX models
        </button>
      </div>
      <Fault text={task.error} />
    </section>
  );
}
