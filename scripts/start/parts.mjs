// The bridges that `npm start` trains, and what each must reach. Their sizes are chosen for three minutes on two quiet cores.
import { completeTrain, configure, gaussian, train } from "@dsbm/config";
import { finishedRun, measureRun, runTraining } from "@dsbm/experiment";
import { finishedFit, fitMember, methodNames, runFit } from "@dsbm/fit";
import {
  formatTable,
  gradeText,
  metricTable,
  newestRows,
  nextStepText,
  readLogged,
  readQuality,
} from "@dsbm/runs";

const sides = { f: "forward", b: "backward" };

/** The sentences of the verdicts of a run, and its directions that are poor. */
function verdictsOf(folder) {
  const verdicts = readQuality(folder)?.verdicts ?? [];
  return {
    lines: verdicts.flatMap(({ direction, grade, reason, next }) => [
      `${sides[direction]}: ${gradeText(grade)}. ${reason}`,
      ...(grade === "poor" ? [`  ${nextStepText(next)}`] : []),
    ]),
    missed: verdicts
      .filter(({ grade }) => grade === "poor")
      .map(({ direction }) => `${sides[direction]} is poor`),
  };
}

/** A training of a command's schema with these options. */
const trainingOf = (experiment, options, overrides) =>
  configure(experiment, { ...options, ...overrides }, { names: methodNames() });

/** Two tables of rivers, whose options `dsbm fit` chooses. */
const rivers = {
  name: "rivers",
  about: "measurements of rivers in winter and summer, options chosen by dsbm fit",
  seconds: 45,
  goal: "no direction is poor",
  options: { "data.exclude": "river", "data.keep": "id", max_minutes: 1 },
  async run({ folder, overrides, ...work }) {
    const request = {
      base: {
        Dataset: "table:examples/data/winter.csv",
        Dataset_transfer: "table:examples/data/summer.csv",
        name: "rivers",
      },
      overrides: { ...this.options, ...overrides },
    };
    fitMember(request); // A wrong option ends the command before any work.
    if (finishedFit(folder, request)) return "kept";
    return (await runFit(request, { folder, ...work })).state;
  },
  resultOf: verdictsOf,
};

/** Handwritten 2s and 3s in principal components, with metrics of held-out images. */
const digits = {
  name: "digits",
  about: "handwritten 2s and 3s, in 64 principal components",
  seconds: 75,
  goal: "no direction is poor",
  // The average of weights must be as short as the training: 0.999 is for 4,000 steps.
  options: {
    dataset: "digits",
    ot_sampler: "exact",
    n_ipf: 1,
    first_num_iter: 1200,
    num_iter: 1200,
    lr: 2e-3,
    ema_rate: 0.99,
    // Its classifier would take as long as everything else.
    "metrics.judge": false,
  },
  async run({ folder, overrides, ...work }) {
    const config = completeTrain(trainingOf(train, this.options, overrides).config);
    if (finishedRun(folder, config)) return "kept";
    const { threads, device } = config;
    const { progress, signal } = work;
    const { state } = await runTraining(config, {
      folder,
      ...work,
      trained: (_run, datasets) =>
        measureRun(folder, { datasets, threads, device, progress, signal }),
    });
    return state;
  },
  resultOf: verdictsOf,
};

const mostDivergence = 0.003;

/** Two Gaussians, whose exact bridge is known. */
const gaussians = {
  name: "gaussian",
  about: "two Gaussians in 5 dimensions, next to the exact bridge",
  seconds: 45,
  goal: `KL (diag) is at most ${mostDivergence}`,
  options: {
    dim: 5,
    first_coupling: "ind",
    inner_iters: 2000,
    outer_iters: 4,
    test_num_steps: 20,
  },
  async run({ folder, overrides, ...work }) {
    const config = completeTrain(trainingOf(gaussian, this.options, overrides).config);
    if (finishedRun(folder, config)) return "kept";
    return (await runTraining(config, { folder, ...work })).state;
  },
  resultOf(folder, rows) {
    const table = metricTable(readLogged(folder), newestRows(rows));
    const shown = table.map(({ metric, direction, value, target, floor }) => ({
      metric,
      direction: sides[direction],
      value,
      target,
      floor,
    }));
    return {
      lines: formatTable(shown).split("\n"),
      missed: table
        .filter(({ metric, value }) => metric === "KL (diag)" && value > mostDivergence)
        .map(({ direction, value }) => `KL (diag) ${sides[direction]} is ${value.toFixed(4)}`),
    };
  },
};

/** In the order of `npm start`. */
export const startParts = [rivers, digits, gaussians];
