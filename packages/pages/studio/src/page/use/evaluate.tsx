import { useState } from "preact/hooks";
import type { ComparedMetric } from "../../shared/api.js";
import { digits, directionNames } from "../lib/format.js";
import { GroupTable } from "../lib/group-table.js";
import { Fault, NumberField, Select } from "../lib/parts.js";
import { post, useTask } from "../lib/server.js";
import type { UseProps } from "./use.js";

const solvers = ["sde", "dopri5", "heun", "euler"];

/** Evaluations with other steps and solvers, next to the run's own. */
export function Evaluate({ detail: { row, metrics, evaluations }, isBusy }: UseProps) {
  const [steps, setSteps] = useState<number | null>(10);
  const [solver, setSolver] = useState("sde");
  const task = useTask();
  const start = () => task.run(() => post("evaluate", { run: row.id, steps, solver }));
  return (
    <section aria-label="Evaluate">
      <h2>Evaluate with other steps</h2>
      <div class="bar">
        <Select label="Solver" value={solver} options={solvers} onChange={setSolver} />
        {solver === "sde" && (
          <NumberField label="Steps" value={steps} placeholder="as trained" onChange={setSteps} />
        )}
        <button type="button" disabled={isBusy || task.isBusy} onClick={start}>
          Evaluate
        </button>
      </div>
      <Fault text={task.error} />
      {evaluations.length > 0 && (
        <EvaluationTable all={[{ title: "the run", metrics }, ...evaluations]} />
      )}
    </section>
  );
}

interface TitledMetrics {
  title: string;
  metrics: readonly ComparedMetric[];
}

/** The value of each metric in each evaluation, with the floor. */
function EvaluationTable({ all }: { all: readonly TitledMetrics[] }) {
  const keyOf = ({ title, direction }: ComparedMetric) => `${title} ${direction}`;
  const lines = new Map(all.flatMap(({ metrics }) => metrics.map((one) => [keyOf(one), one])));
  return (
    <GroupTable
      label="Table of evaluations"
      corner="Metric"
      heads={[...all.map(({ title }) => title), "floor"].map((label) => ({
        label,
        content: label,
      }))}
      lines={[...lines].map(([id, { title, direction, floor }]) => ({
        id,
        name: (
          <>
            {title} {direction && <small>{directionNames[direction]}</small>}
          </>
        ),
        cells: [
          ...all.map(({ metrics }) => metrics.find((one) => keyOf(one) === id)?.value),
          floor,
        ].map((value) => ({ content: digits(value, 3) })),
      }))}
    />
  );
}
