// `dsbm gallery`: trains the presets that docs/gallery shows, and writes their pictures and pages; runs of one's own, such as
// one of cells, come beside them.
import { mkdirSync } from "node:fs";
import { resolve as absolute, join } from "node:path";
import { type Experiment, train } from "@dsbm/config";
import { findRun, shellWord, stoppedWithin } from "@dsbm/runs";
import { z } from "zod";
import { type ExhibitName, exhibits } from "../gallery/exhibits.js";
import type { Shown } from "../gallery/write.js";
import { jobKeys, readJob, runOfJob } from "./job.js";
import { beginWork } from "./work.js";

const names = Object.keys(exhibits) as [ExhibitName, ...ExhibitName[]];

const gallerySchema = z.strictObject({
  out: z.string().min(1).default("docs/gallery").describe("folder of the gallery"),
  only: z
    .array(z.enum(names))
    .nullable()
    .default(null)
    .describe(`presets that are shown, of ${names.join(", ")}; null: all`),
  runs: z
    .array(z.string().min(1))
    .default([])
    .describe("folders of runs of your own that are shown, too, such as one of cells"),
  ...jobKeys,
  seed: jobKeys.seed.describe("seed of weights, training, samples"),
  experiments_dir: jobKeys.experiments_dir.describe("folder of the runs"),
});

const galleryJob: Experiment<typeof gallerySchema> = {
  name: "gallery",
  about: "pictures and pages of trained bridges: points, digits, fields, and runs of your own",
  schema: gallerySchema,
};

const help = {
  usage: "[key=value …] [--again]",
  switches: "--again   train anew what is trained already",
};

/** Runs the command; returns the exit code. Throws ConfigError for words, and errors of training, export and disk. */
export async function galleryCommand(args: string[]): Promise<number> {
  const again = args.includes("--again");
  const found = readJob(galleryJob, args, help);
  if (!found) return 0;
  const { config } = found;
  const { ownExhibit, writeExhibit, writeIndex } = await import("../gallery/write.js");
  const { runTraining } = await import("@dsbm/experiment");
  const own = config.runs.map((run) => ownExhibit(findRun(run)));
  const resume = `npx dsbm gallery ${args.map(shellWord).join(" ")}`.trimEnd();
  using work = await beginWork(stoppedWithin(resume));
  const { progress, signal, interrupt } = work;
  mkdirSync(config.out, { recursive: true });
  const sections: string[][] = [];
  const show = async (shown: Shown) => {
    sections.push(await writeExhibit(shown, config.out, { progress, signal }));
  };
  for (const name of config.only ?? names) {
    const { title, about, direction } = exhibits[name];
    const { config: run, own: words } = runOfJob(train, exhibits[name], config);
    const command = `npx dsbm train ${words.map(shellWord).join(" ")}`;
    const kind = config.quick ? "gallery-quick" : "gallery";
    const folder = absolute(join(config.experiments_dir, kind, name, String(config.seed)));
    progress.line(title);
    const options = { folder, progress, signal, again, resume, interrupt };
    const { state } = await runTraining(run, options);
    if (state === "interrupted") return 130;
    await show({ name, title, about, direction, command, folder });
  }
  for (const shown of own) await show(shown);
  progress.done();
  console.log(`gallery ${writeIndex(config.out, sections)}`);
  return 0;
}
