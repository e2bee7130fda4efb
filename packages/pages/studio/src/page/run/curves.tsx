import { useMemo } from "preact/hooks";
import type { RunDetail } from "../../shared/api.js";
import { axisOf } from "../chart/axis.js";
import { Chart, type Curve } from "../chart/chart.js";
import { curvesOf, evaluationCurves } from "./series.js";

const titles: Record<string, string> = {
  loss: "Loss",
  rate: "Training steps a second",
  grad_norm: "Norm of the gradient",
};

interface Drawn {
  title: string;
  x: number[];
  curves: Curve[];
  log: boolean;
}

/** Curves of training and of evaluations. */
export function Curves({ detail: { history, results } }: { detail: RunDetail }) {
  const axis = useMemo(() => axisOf(history), [history]);
  const training = useMemo(
    () =>
      Object.keys(history.metrics).map((name): Drawn => {
        const log = name === "loss";
        return {
          title: titles[name] ?? name,
          x: axis.x,
          curves: curvesOf(history, name, log),
          log,
        };
      }),
    [history],
  );
  const evaluations = useMemo(
    () =>
      results.references.flatMap(({ column, title, reference, isMain, log }): Drawn[] => {
        const drawn = evaluationCurves(results.rows, { metric: column, reference, axis });
        return isMain && drawn.curves.length > 0 ? [{ title, log, ...drawn }] : [];
      }),
    [results, axis],
  );
  const charts = (all: readonly Drawn[]) => (
    <div class="charts">
      {all.map((drawn) => (
        <Chart key={drawn.title} marks={axis.marks} group="run" xLabel="step" {...drawn} />
      ))}
    </div>
  );
  return (
    <>
      <section aria-label="Training">
        <h2>Training</h2>
        <p class="note">Drag over a part to enlarge it; a double click shows all steps.</p>
        {training.length === 0 && <p class="note">No training step has been written yet.</p>}
        {charts(training)}
      </section>
      {evaluations.length > 0 && (
        <section aria-label="Evaluations">
          <h2>Evaluations</h2>
          <p class="note">
            Dotted: what the metric is compared with, such as other data of the same kind.
          </p>
          {charts(evaluations)}
        </section>
      )}
    </>
  );
}
