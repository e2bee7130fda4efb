import { useState } from "preact/hooks";
import { DropZone } from "../../widgets/index.js";
import { Fault, Select } from "../lib/parts.js";
import { post, useTask } from "../lib/server.js";
import { dataFormats, useData } from "../lib/uploads.js";
import { useSampling } from "./sampling.js";
import type { UseProps } from "./use.js";

/** Samples of a new table or folder of images. */
export function Sample({ detail: { row }, isBusy }: UseProps) {
  const { places, bring, ...uploads } = useData();
  const [file, setFile] = useState("");
  const sampling = useSampling();
  const task = useTask();
  const start = () => task.run(() => post("sample", { run: row.id, file, ...sampling.request }));
  return (
    <section aria-label="Sample">
      <h2>Sample new rows</h2>
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
        {sampling.fields}
        <button
          type="button"
          disabled={isBusy || file === "" || task.isBusy || uploads.isBusy}
          onClick={start}
        >
          Sample
        </button>
      </div>
      <Fault text={task.error ?? uploads.error} />
    </section>
  );
}
