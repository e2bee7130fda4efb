import { useMemo } from "preact/hooks";
import type { HistoryPart, RunDetail } from "../../shared/api.js";
import { axisOf } from "../chart/axis.js";
import { Chart } from "../chart/chart.js";
import { Smoothing, weightOf } from "../chart/smooth.js";
import { Check } from "../lib/parts.js";
import { setParams } from "../lib/route.js";
import { curvesOf, evaluationCurves } from "./series.js";

const titles: Record<string, string> = {
  loss: "Loss",
  rate: "Training steps a second",
  grad_norm: "Norm of the gradient",
};

export function Curves({
  detail,
  history,
  params,
}: {
  detail: RunDetail;
  history: HistoryPart;
  params: URLSearchParams;
}) {
  const weight = weightOf(params);
  const logs = params.getAll("log");
  const isLog = (name: string) => (logs.length === 0 ? name === "loss" : logs.includes(name));
  const axis = useMemo(() => axisOf(history), [history]);
  const names = Object.keys(history.metrics);
  const training = useMemo(
    () =>
      names.map((name) => ({
        name,
        x: axis.x,
        log: isLog(name),
        curves: curvesOf(history, name, { weight, positive: isLog(name) }),
      })),
    [history, weight, logs.join()],
  );
  const evaluations = useMemo(
    () =>
      detail.results.references.flatMap(({ column: name, title, reference, isMain }) => {
        const drawn = evaluationCurves(detail.results.rows, { metric: name, reference, axis });
        return isMain && drawn.curves.length > 0 ? [{ name, title, ...drawn }] : [];
      }),
    [detail.results, axis],
  );
  const toggleLog = (name: string, on: boolean) => {
    const now = [...names, ...evaluations.map((e) => e.name)].filter(isLog);
    const next = on ? [...now, name] : now.filter((other) => other !== name);
    setParams({ log: next.length === 0 ? "none" : next });
  };
  const shared = { marks: axis.marks, group: "run", xLabel: "step" };
  const logBox = (name: string) => (
    <Check kind="check log" checked={isLog(name)} onChange={(on) => toggleLog(name, on)}>
      log<span class="hidden"> axis of {name}</span>
    </Check>
  );
  const evaluation = ({ name, title, x, curves }: (typeof evaluations)[number]) => (
    <div key={name}>
      {logBox(name)}
      <Chart title={title} log={isLog(name)} x={x} curves={curves} {...shared} />
    </div>
  );
  return (
    <>
      <section aria-label="Training">
        <h2>Training</h2>
        <div class="bar">
          <Smoothing weight={weight} />
          <span class="note">Drag over a part to enlarge it; a double click shows all steps.</span>
        </div>
        {names.length === 0 && <p class="note">No training step has been written yet.</p>}
        <div class="charts">
          {training.map(({ name, log, ...rest }) => (
            <div key={name}>
              {logBox(name)}
              <Chart title={titles[name] ?? name} log={log} {...rest} {...shared} />
            </div>
          ))}
        </div>
      </section>
      {evaluations.length > 0 && (
        <section aria-label="Evaluations">
          <h2>Evaluations</h2>
          <p class="note">
            Dotted: what the metric is compared with, such as other data of the same kind.
          </p>
          <div class="charts">{evaluations.map(evaluation)}</div>
        </section>
      )}
    </>
  );
}
