// The main job's part (a): digits projected, a judge, a DSBM-IMF bridge between them, and back to pixels.
import { rmSync } from "node:fs";
import { join } from "node:path";
import { type Row, type RunWriter, readCsv } from "@dsbm/runs";
import { io } from "@dsbm/torch";
import { type TrainEvent, Training } from "@dsbm/train";
import { version } from "../machine/version.js";
import { openRunOf } from "../run/open-run.js";
import type { Progress } from "../terminal/progress.js";
import type { StartConfig } from "./config.js";
import { type DigitData, loadDigits } from "./data.js";
import { writePictures } from "./figures.js";
import { type Judge, trainJudge } from "./judge.js";
import { baseline, measure } from "./measure.js";
import { digitsProblem } from "./problem.js";
import { digitsReport, type Outcome } from "./report.js";

/** The columns of results.csv. */
export const columns = [
  "half_iteration",
  "direction",
  "steps",
  "share",
  "displacement",
  "optimal",
  "variance",
  "seconds",
] as const;

export interface DigitsResult extends Outcome {
  folder: string;
  state: "finished" | "interrupted";
  rows: Row[];
  /** Paths, the main one first. */
  pictures: string[];
}

interface Work {
  config: StartConfig;
  data: DigitData;
  judge: Judge;
  training: Training;
  run: RunWriter;
  progress: Progress;
}

/**
 * Runs the job in its folder, anew where an earlier one is. Throws the errors of data, training and disk; the
 * run is then marked as failed.
 */
export async function runDigits(
  config: StartConfig,
  {
    folder,
    progress,
    signal,
  }: { folder: string; progress: Progress; signal?: AbortSignal | undefined },
): Promise<DigitsResult> {
  const run = openRunOf(config, {
    folder,
    columns,
    mode: "restart",
  });
  const result: DigitsResult = {
    folder,
    state: "interrupted",
    rows: [],
    measures: {},
    baselines: {},
    pictures: [],
  };
  let data: DigitData | null = null;
  let judge: Judge | null = null;
  try {
    rmSync(join(folder, "summary.json"), { force: true }); // that of an earlier run
    const began = performance.now();
    data = loadDigits(config);
    const held = data.projection.explained.reduce((sum, part) => sum + part, 0);
    progress.line(
      `digits: ${data.train.source.points.size(0)} images of ${config.source} and ${data.train.target.points.size(0)} of ${config.target}; ${config.components} principal components hold ${(100 * held).toFixed(1)} % of the variance  ${((performance.now() - began) / 1000).toFixed(1)} s`,
    );
    judge = await trainJudge(data, config, { progress, signal });
    if (judge) {
      progress.line(
        `classifier: names ${(100 * judge.accuracy).toFixed(1)} % of the test split rightly`,
      );
      await bridge({ config, data, judge, run, progress }, result, signal);
    }
    if (result.state === "finished") run.finish();
    else {
      run.interrupt("stopped by a signal");
      progress.line(`stopped; what was written is in ${folder}; npm start begins anew`);
    }
    return result;
  } catch (error) {
    run.fail(error);
    throw error;
  } finally {
    judge?.classifier.dispose();
    data?.dispose();
  }
}

async function bridge(
  parts: Omit<Work, "training">,
  result: DigitsResult,
  signal: AbortSignal | undefined,
): Promise<void> {
  const { config, data, judge, run, progress } = parts;
  saveWeights(run, "classifier", judge.classifier.stateDict());
  saveWeights(run, "projection", data.projection.stateDict(), {
    scale: String(data.projection.scale),
  });
  const { problem, method } = digitsProblem(config, data);
  const training = new Training(problem);
  try {
    const work = { ...parts, training };
    for (const d of ["f", "b"] as const) result.baselines[d] = baseline(d, parts);
    for await (const event of training.run(signal ? { signal } : {})) follow(event, work, result);
    progress.done();
    result.rows = readCsv(run.paths.results_csv).rows;
    if (training.state.half < problem.schedule.halfIterations) return;
    result.pictures = await writePictures({ training, data, config }, run, result.rows);
    run.saveJson("summary", {
      classifier_accuracy: judge.accuracy,
      measures: result.measures,
      baselines: result.baselines,
    });
    run.saveFile("index.html", digitsReport(config, result));
    result.state = "finished";
  } finally {
    training.dispose();
    method.dispose();
  }
}

function follow(event: TrainEvent, work: Work, result: DigitsResult): void {
  const { config, run, progress } = work;
  const halves = 2 * config.n_ipf;
  if (event.type === "step") {
    const { half, direction, step, steps, rate, loss } = event;
    run.appendMetric({ half_iteration: half, direction, step, loss, rate });
    progress.update({ label: `digits ${half}/${halves} ${direction}`, step, steps, rate, loss });
  }
  if (event.type !== "half") return;
  const { half, direction, seconds } = event;
  const measures = measure(work.training, direction, work);
  result.measures[direction] = measures;
  run.appendResult({
    half_iteration: half,
    direction,
    steps: config.num_steps,
    ...measures,
    seconds,
  });
  saveWeights(run, `${half}_${direction}`, work.training.state.samplers[direction].stateDict(), {
    half_iteration: String(half),
    direction,
  });
  const [from, to] =
    direction === "f" ? [config.source, config.target] : [config.target, config.source];
  progress.line(
    `half-iteration ${half}/${halves} ${direction}  ${from} → ${to}: ${(100 * measures.share).toFixed(1)} % taken for a ${to}, mean squared displacement ${measures.displacement.toFixed(1)}  ${seconds.toFixed(1)} s`,
  );
}

function saveWeights(
  run: RunWriter,
  name: string,
  tensors: Parameters<typeof io.encodeTensors>[0],
  metadata: Record<string, string> = {},
): void {
  run.saveFile(
    `models/${name}.safetensors`,
    io.encodeTensors(tensors, { dsbm: version, ...metadata }),
  );
}
