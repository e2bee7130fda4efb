import { useMemo } from "preact/hooks";
import type { RunDetail } from "../../shared/api.js";
import { axisOf } from "../chart/axis.js";
import { Chart, type Curve } from "../chart/chart.js";
import { digits, trainingTitles } from "../lib/format.js";
import { Table } from "../lib/parts.js";
import { curvesOf, evaluationCurves } from "./series.js";

interface Drawn {
  title: string;
  x: number[];
  curves: Curve[];
  log: boolean;
}

const zoomHint = "Drag over a part to enlarge it; a double click shows all steps.";

/** Curves of training and of evaluations. */
export function Curves({ detail: { history, results } }: { detail: RunDetail }) {
  const axis = useMemo(() => axisOf(history), [history]);
  const training = useMemo(
    () =>
      Object.keys(history.metrics).map((name): Drawn => {
        const log = name === "loss";
        return {
          title: trainingTitles[name] ?? name,
          x: axis.x,
          curves: curvesOf(history, name, log),
          log,
        };
      }),
    [history],
  );
  const evaluations = useMemo(
    () =>
      results.references.flatMap((one): Drawn[] => {
        const { title, isMain, log } = one;
        const drawn = evaluationCurves(results.rows, { ...one, axis });
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
        <p class="note">{training.length === 0 ? "No training step was written." : zoomHint}</p>
        {charts(training)}
      </section>
      {evaluations.length > 0 && (
        <section aria-label="Evaluations">
          <h2>Evaluations</h2>
          {evaluations.every(({ curves }) => curves.every(isPoint)) ? (
            <FirstValues evaluations={evaluations} />
          ) : (
            <>
              <p class="note">
                Dotted: the floor, which is the score of real data, or another reference by its
                name.
              </p>
              {charts(evaluations)}
            </>
          )}
        </section>
      )}
    </>
  );
}

const valuesOf = ({ y }: Curve) => y.filter((value) => value != null);

/** One evaluation is no curve. */
const isPoint = (curve: Curve) => valuesOf(curve).length === 1;

/** The values of each direction's only evaluation, next to their references. */
function FirstValues({ evaluations }: { evaluations: readonly Drawn[] }) {
  const labels = [...new Set(evaluations.flatMap(({ curves }) => curves.map((one) => one.label)))];
  return (
    <Table
      label="Values of the evaluations"
      head={["Metric", ...labels]}
      rows={evaluations.map(({ title, curves }) => ({
        name: title,
        cells: labels.map((label) => {
          const curve = curves.find((one) => one.label === label);
          return curve && digits(valuesOf(curve)[0]);
        }),
      }))}
      kind={() => "number"}
    />
  );
}
