import type { FitTable } from "@dsbm/web/fit";
import { useState } from "preact/hooks";
import type { PlacedPlan, StudioState } from "../../shared/api.js";
import { type GivenOptions, PlanView, TableLookView } from "../../widgets/index.js";
import { isAtWork } from "../job/job-bar.js";
import { Fault } from "../lib/parts.js";
import { hrefOf, optionTexts, setParams } from "../lib/route.js";
import { post, usePosted, useTask } from "../lib/server.js";
import { Files } from "./files.js";
import { Options } from "./options.js";

/** Options as typed: "sigma=0.5" in the address. */
const optionsOf = (params: URLSearchParams): Record<string, string> =>
  Object.fromEntries(
    params.getAll("option").map((text) => {
      const at = text.indexOf("=");
      return [text.slice(0, at), text.slice(at + 1)];
    }),
  );

const setOptions = (options: Readonly<Record<string, string>>) =>
  setParams({ option: optionTexts(options) });

/** A new bridge: files, their columns, the plan, the start. */
export function NewPage({ state, params }: { state: StudioState | null; params: URLSearchParams }) {
  const files = params.getAll("file");
  const options = optionsOf(params);
  const isBusy = isAtWork(state?.job ?? null);
  const isOneTable = "time" in options || "data.split_by" in options;
  const isWhole = files.length > 1 || (files.length === 1 && isOneTable);
  const { value: plan, ...planning } = usePosted<PlacedPlan>(
    "plan",
    isWhole ? { files, options } : null,
    isBusy,
  );
  const change = (key: string, text: string) => setOptions({ ...options, [key]: text });
  return (
    <>
      <h1>New bridge</h1>
      <p>
        Choose two tables with the same columns, or more in the order of their times. The bridge
        learns how rows of the first become rows of the last, and says how good it is.
      </p>
      <Files
        files={files}
        isOneTable={isOneTable && files.length === 1}
        onChange={(file) => setParams({ file })}
      />
      {files.length > 0 && (
        <section aria-label="Data">
          <h2>Data</h2>
          <div class="looks">
            {files.map((file, k) => (
              <FileLook
                key={file}
                file={file}
                color={k === 0 ? "source" : "target"}
                isPaused={isBusy}
                given={{ options, onChange: setOptions }}
              />
            ))}
          </div>
        </section>
      )}
      {files.length > 0 && <Options options={options} onChange={change} />}
      {files.length > 0 && <Hints isWhole={isWhole} isBusy={isBusy} isPlanning={planning.isBusy} />}
      <Fault text={planning.error} />
      {plan && <PlanView plan={plan} options={options} onChange={change} />}
      {plan && (
        <Start plan={plan} request={{ files, options }} isBusy={isBusy || planning.isBusy} />
      )}
    </>
  );
}

interface HintsProps {
  /** Whether the files make a bridge. */
  isWhole: boolean;
  /** Whether a job is at work. */
  isBusy: boolean;
  isPlanning: boolean;
}

/** What the page waits for. */
const Hints = ({ isWhole, isBusy, isPlanning }: HintsProps) => (
  <p class="note" role="status">
    {!isWhole &&
      "Add the target. For one table with several times or groups, give the option time or data.split_by. "}
    {isBusy && "The plan waits for the work above: it measures the speed of this machine. "}
    {isPlanning && "The data are read and measured …"}
  </p>
);

interface FileLookProps {
  file: string;
  color: string;
  isPaused: boolean;
  given: GivenOptions;
}

function FileLook({ file, isPaused, ...props }: FileLookProps) {
  const [table, setTable] = useState<FitTable | null>(null);
  const isTable = /\.\w+$/.test(file) && !/\.nc$/i.test(file);
  const { value, error, isBusy } = usePosted<FitTable>(
    "look",
    isTable && !table ? { file } : null,
    isPaused,
  );
  if (value && value !== table) setTable(value);
  if (!isTable) return <p>{file}: images or fields, without columns.</p>;
  return (
    <div>
      {isBusy && <p role="status">{file} is read …</p>}
      <Fault text={error} />
      {table && <TableLookView name={file} table={table} {...props} />}
    </div>
  );
}

interface StartButtonProps {
  plan: PlacedPlan;
  request: { files: string[]; options: Record<string, string> };
  isBusy: boolean;
}

function Start({ plan: { runs }, request, isBusy }: StartButtonProps) {
  const task = useTask();
  const isSweep = runs.length > 1;
  const ids = runs.map(({ id }) => id);
  const href = hrefOf(isSweep ? "compare" : "run", { run: ids });
  const start = () =>
    task.run(async () => {
      await post("fit", request);
      location.hash = href;
    });
  const left = runs.filter(({ state }) => (isSweep ? state !== "finished" : state === null)).length;
  if (left === 0)
    return (
      <p class="warned">
        There {isSweep ? "are runs" : "is a run"} of these files with these options:{" "}
        <a href={href}>{isSweep ? `the comparison of ${runs.length} runs` : ids[0]}</a>. Change an
        option, such as the seed, for another one.
      </p>
    );
  return (
    <section aria-label="Start">
      <Fault text={task.error} />
      {isSweep && (
        <p>
          A sweep of {runs.length} runs, one after the other
          {left < runs.length && `, ${runs.length - left} of them finished`}. The plan shows the
          first run.
        </p>
      )}
      <button type="button" class="main" disabled={isBusy || task.isBusy} onClick={start}>
        {isSweep ? "Start the sweep" : "Start the training"}
      </button>{" "}
      <span class="note place">
        {isSweep ? "Their runs" : "Its run"}: {ids.join(", ")}
      </span>
    </section>
  );
}
