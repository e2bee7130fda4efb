import type { FitTable } from "@dsbm/web/fit";
import { useState } from "preact/hooks";
import { TableLookView } from "../../widgets/index.js";
import { Fault, NumberField, Select } from "../lib/parts.js";
import { post, useTask } from "../lib/server.js";
import { useSampling } from "./sampling.js";
import type { UseProps } from "./use.js";

const usualDraws = 200;

/** Several draws of one row, and how far they spread. */
export function Draws({ detail: { row: run, fields }, isBusy }: UseProps) {
  const [typed, setTyped] = useState<Record<string, string>>({});
  const [draws, setDraws] = useState<number | null>(usualDraws);
  const [table, setTable] = useState<FitTable | null>(null);
  const sampling = useSampling();
  const { direction } = sampling.request;
  const task = useTask();
  const values = fields.map(
    ({ name, middle }) => [name, typed[name] ?? middle[direction]] as const,
  );
  const start = () =>
    task.run(async () => {
      const row = Object.fromEntries(values);
      const request = { run: run.id, row, draws: draws ?? usualDraws, ...sampling.request };
      setTable(await post<FitTable>("draws", request));
    });
  return (
    <section aria-label="Draws of one row">
      <h2>Draw one row several times</h2>
      <p class="note">The values begin in the middle of the data.</p>
      <div class="fields">
        {fields.map(({ name, texts }, k) =>
          texts ? (
            <Select
              key={name}
              label={name}
              value={values[k]?.[1] ?? ""}
              options={texts}
              onChange={(text) => setTyped({ ...typed, [name]: text })}
            />
          ) : (
            <label key={name}>
              {name}{" "}
              <input
                inputMode="decimal"
                value={values[k]?.[1] ?? ""}
                onChange={(e) => setTyped({ ...typed, [name]: e.currentTarget.value })}
              />
            </label>
          ),
        )}
      </div>
      <div class="bar">
        {sampling.fields}
        <NumberField label="Draws" value={draws} onChange={setDraws} />
        <button type="button" disabled={isBusy || task.isBusy} onClick={start}>
          Draw
        </button>
        {task.isBusy && <span role="status">Drawing …</span>}
      </div>
      <Fault text={task.error} />
      {table && (
        <TableLookView name="Draws" table={table} color={direction === "f" ? "target" : "source"} />
      )}
    </section>
  );
}
