// `npm start`: bridges between two handwritten digits, in principal components and in pixels, and
// the Gaussian benchmark with its exact answer.
import { resolve as absolute, join } from "node:path";
import { type Experiment, gaussian, train } from "@dsbm/config";
import {
  duration,
  formatTable,
  newestTable,
  type Parts,
  type Row,
  readQuality,
  shellWord,
  stoppedWithin,
  writeParts,
} from "@dsbm/runs";
import { z } from "zod";
import { jobKeys, readJob, runOfJob } from "./job.js";
import { beginWork } from "./work.js";

const digit = () => z.int().min(0).max(9);

const startSchema = z.strictObject({
  source: digit().default(2).describe("digit at time 0"),
  target: digit().default(3).describe("digit at time 1"),
  ...jobKeys,
});

type StartConfig = z.output<typeof startSchema>;

const startJob: Experiment<typeof startSchema> = {
  name: "start",
  about:
    "the main job: a bridge between handwritten digits, in principal components and in pixels, and a bridge between Gaussians with its exact answer",
  schema: startSchema,
  check: ({ source, target }) =>
    source === target
      ? [`source=${source} and target=${target} are the same digit: write two different ones`]
      : [],
};

interface Part {
  title: string;
  name: string;
  experiment: typeof train | typeof gaussian;
  overrides: object;
  quick: object;
}

export function partsOf({ source, target }: StartConfig): Part[] {
  const digits = { Dataset: `mnist_${source}`, Dataset_transfer: `mnist_${target}` };
  return [
    {
      title: `digits ${source} → ${target}, in principal components`,
      name: "components",
      experiment: train,
      // With exact OT the first iteration moves as little as a second iteration, and keeps more of
      // the variance.
      overrides: {
        dataset: "digits",
        ...digits,
        ot_sampler: "exact",
        ot_rows: 1024,
        n_ipf: 1,
      },
      quick: {
        n_ipf: 1,
        first_num_iter: 60,
        num_iter: 40,
        num_steps: 5,
        "data.n_train": 400,
        "model.hidden": "64,64",
        batch_size: 128,
        cache_npar: 128,
        test_npar: 100,
        "metrics.judge": false,
      },
    },
    {
      title: `digits ${source} → ${target}, in pixels: a short run (long: dsbm train dataset=mnist_2to3)`,
      name: "pixels",
      experiment: train,
      overrides: {
        dataset: "mnist_2to3",
        ...digits,
        first_num_iter: 250,
        num_iter: 100,
        n_ipf: 2,
        cache_npar: 512,
        test_npar: 250,
        plot_npar: 49,
      },
      quick: {
        first_num_iter: 3,
        num_iter: 2,
        num_steps: 4,
        test_npar: 8,
        plot_npar: 8,
        cache_npar: 8,
        batch_size: 8,
        "metrics.judge": false,
      },
    },
    {
      title: "Gaussian benchmark, dim 5",
      name: "gaussian",
      experiment: gaussian,
      overrides: {
        dim: 5,
        first_coupling: "ind",
        inner_iters: 2000,
        outer_iters: 4,
      },
      quick: {
        inner_iters: 40,
        outer_iters: 2,
      },
    },
  ];
}

function pageOf({ source, target, seed, quick }: StartConfig, parts: readonly Part[]): Parts {
  return {
    title: `Bridges between handwritten ${source}s and ${target}s, and a bridge with a known answer`,
    about: `dsbm start, seed ${seed}${quick ? ", a trial of a few steps" : ""}. Each part is a separate run, evaluated on held-out samples.`,
    parts: parts.map(({ name, title }) => ({ name, title: capital(title) })),
  };
}

const capital = (text: string) => `${text[0]?.toUpperCase()}${text.slice(1)}`;

const help = {
  usage: "[key=value …] [--again] [--open]",
  switches:
    "--again   start over if the folders hold runs\n--open    show the runs on a page of this machine, as dsbm studio does",
};

/** Returns the exit code. Throws ConfigError. */
export async function start(given: string[]): Promise<number> {
  const again = given.includes("--again");
  const args = given.filter((arg) => arg !== "--open");
  const found = readJob(startJob, args, help);
  if (!found) return 0;
  const { config, dirname } = found;
  const { measureRun, runTraining, writePartsReport, writeReport } = await import(
    "@dsbm/experiment"
  );
  const resume = `npx dsbm start ${args.map(shellWord).join(" ")}`.trimEnd();
  using work = await beginWork(stoppedWithin(resume));
  const { progress, signal, interrupt } = work;
  const began = performance.now();
  const finished: { part: Part; folder: string; rows: Row[] }[] = [];
  if (given.includes("--open")) {
    const { showBeside } = await import("../machine/browser.js");
    await showBeside(config.experiments_dir);
  }
  const whole = absolute(join(config.experiments_dir, "start", dirname, String(config.seed)));
  const parts = partsOf(config);
  const page = pageOf(config, parts);
  writeParts(whole, page);
  writePartsReport(whole, page);
  for (const part of parts) {
    const folder = join(whole, part.name);
    progress.line(part.title);
    const { config: run } = runOfJob(part.experiment, part, config);
    const options = { folder, progress, signal, again, resume, interrupt };
    const { rows, state } = await runTraining(run, options);
    if (state === "finished" && readQuality(folder) === null) {
      const { threads, device } = run;
      if (!(await measureRun(folder, { progress, signal, threads, device }))) return 130;
      await writeReport({ folder });
    }
    writePartsReport(whole, page);
    if (state === "interrupted") return 130;
    finished.push({ part, folder, rows });
  }
  progress.done();
  for (const { part, folder, rows } of finished)
    console.log(`\n${part.title}\n${formatTable(newestTable(folder, rows))}`);
  console.log("");
  for (const { folder } of finished)
    console.log(
      `images   ${join(folder, "samples")}\ntable    ${join(folder, "results.csv")}\nreport   ${join(folder, "report.html")}`,
    );
  console.log(`all of it ${join(whole, "report.html")}`);
  console.log(`took ${duration((performance.now() - began) / 1000)}`);
  return 0;
}
