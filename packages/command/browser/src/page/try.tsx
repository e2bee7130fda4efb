// A bridge in one page: data, plan, training, result.
import { PlanView } from "@dsbm/studio/widgets";
import { render } from "preact";
import { Controls } from "./controls.js";
import { ResultView } from "./result-view.js";
import { StartView } from "./start-view.js";
import { TablesView } from "./tables-view.js";
import { TrainingView } from "./training-view.js";
import { useWork } from "./use-work.js";

const intro =
  "Give two tables with the same columns, more tables in the order of their times, or one table with a column of times or groups. This page learns how rows of the first become rows of the last, and says how good the result is. Your data stay in this page.";

/** Names of source and target: of the first and the last file, or of the ends of one table. */
const endsOf = (files: readonly File[]): [string, string] =>
  files.length > 1 ? [files[0].name, (files.at(-1) as File).name] : ["source", "target"];

function Page() {
  const work = useWork();
  const { task, step, tables, plan, bridge, error, choose, fit } = work;
  const hasData = step !== "start" && tables.length > 0;
  const isChoosing = step === "data" || step === "plan";
  const change = (key: string, value: string) =>
    choose({ ...task, options: { ...task.options, [key]: value } });
  return (
    <main>
      <h1>A bridge between your tables</h1>
      <p>{intro}</p>
      {error !== null && (
        <p class="wrong" role="alert">
          {error}
        </p>
      )}
      <StartView {...work} />
      {hasData && (
        <TablesView
          tables={tables}
          files={task.files}
          isOpen={isChoosing}
          given={{ options: task.options, onChange: (options) => work.begin({ ...task, options }) }}
        />
      )}
      {hasData && <Controls {...work} fit={() => fit()} />}
      {step === "plan" && !plan && <p role="status">The data are measured.</p>}
      {step === "plan" && plan && <PlanView plan={plan} options={task.options} onChange={change} />}
      {(step === "training" || step === "stopped") && (
        <TrainingView {...work.progress} ends={endsOf(task.files)} onStop={work.stop} />
      )}
      {step === "result" && bridge && <ResultView bridge={bridge} onError={work.fail} />}
    </main>
  );
}

render(<Page />, document.getElementById("app") as HTMLElement);
