import { useState } from "preact/hooks";
import { DropZone } from "../../widgets/index.js";
import { Fault, Select } from "../lib/parts.js";
import { post, useTask } from "../lib/server.js";
import { dataFormats, useData } from "../lib/uploads.js";
import { useSampling } from "./sampling.js";
import type { UseProps } from "./use.js";

/** A new table or folder of images, from which samples and annotations are made. */
export function NewRows({ detail, isBusy }: UseProps) {
  const { places, bring, ...uploads } = useData();
  const [file, setFile] = useState("");
  const props = { run: detail.row.id, file, isPaused: isBusy || uploads.isBusy || file === "" };
  return (
    <section aria-label="New rows">
      <h2>New rows</h2>
      <DropZone accept={dataFormats} onFiles={(files) => bring(files, setFile)}>
        Drop a file with the columns of the run, or choose it
      </DropZone>
      <div class="bar">
        <Select
          label="Data"
          value={file}
          options={[["", "choose …"] as const, ...places.map(({ path }) => path)]}
          onChange={setFile}
        />
      </div>
      <Fault text={uploads.error} />
      <Sample {...props} />
      {detail.fields.length > 0 && <Annotate {...props} />}
    </section>
  );
}

interface RowsProps {
  /** The run. */
  run: string;
  /** The new rows. */
  file: string;
  /** Whether the button waits. */
  isPaused: boolean;
}

function Sample({ run, file, isPaused }: RowsProps) {
  const sampling = useSampling();
  const task = useTask();
  const start = () => task.run(() => post("sample", { run, file, ...sampling.request }));
  return (
    <>
      <h3>Sample</h3>
      <div class="bar">
        {sampling.fields}
        <button type="button" disabled={isPaused || task.isBusy} onClick={start}>
          Sample
        </button>
      </div>
      <Fault text={task.error} />
    </>
  );
}

const annotationFields = {
  at: ["Transported to the time", "the last"],
  fate: ["Fates by the column", "none"],
} as const;

/** Facts of the bridge next to each row. */
function Annotate({ run, file, isPaused }: RowsProps) {
  const [texts, setTexts] = useState({ at: "", fate: "" });
  const task = useTask();
  const start = () => task.run(() => post("annotate", { run, file, ...texts }));
  return (
    <>
      <h3>Annotate</h3>
      <p class="note">
        A copy of the table with the velocity and the transported state of each row, and the
        probability of each class of a column.
      </p>
      <div class="bar">
        {(["at", "fate"] as const).map((name) => (
          <label key={name}>
            {annotationFields[name][0]}{" "}
            <input
              value={texts[name]}
              placeholder={annotationFields[name][1]}
              onInput={(e) => setTexts({ ...texts, [name]: e.currentTarget.value })}
            />
          </label>
        ))}
        <button type="button" disabled={isPaused || task.isBusy} onClick={start}>
          Annotate
        </button>
      </div>
      <Fault text={task.error} />
    </>
  );
}
