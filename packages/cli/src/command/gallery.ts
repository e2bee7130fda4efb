// `dsbm gallery`: trains the presets that docs/gallery shows, and writes their pictures and pages; runs of one's own, such as
// one of cells, come beside them.
import { mkdirSync } from "node:fs";
import { resolve as absolute, join } from "node:path";
import { completeTrain, type Experiment, helpTable, resolve, train } from "@dsbm/config";
import { findRun, shellWord } from "@dsbm/runs";
import { z } from "zod";
import { type Exhibit, type ExhibitName, exhibits } from "../gallery/exhibits.js";
import type { Shown } from "../gallery/write.js";
import { presets } from "../machine/presets.js";
import { printHelp, terminalWidth } from "../terminal/columns.js";
import { stoppedWithin } from "../terminal/interrupt.js";
import { createProgress } from "../terminal/progress.js";

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
  seed: z
    .int()
    .min(0)
    .max(2 ** 32 - 1)
    .default(42)
    .describe("seed of weights, training, samples"),
  threads: z
    .union([z.literal("auto"), z.int().min(1)])
    .default("auto")
    .describe("processor threads; auto measures at the start"),
  quick: z.boolean().default(false).describe("a few steps of everything, to see that it works"),
  experiments_dir: z.string().min(1).default("experiments").describe("folder of the runs"),
});

type GalleryConfig = z.output<typeof gallerySchema>;

const galleryJob: Experiment<typeof gallerySchema> = {
  name: "gallery",
  about: "pictures and pages of trained bridges: points, digits, fields, and runs of your own",
  schema: gallerySchema,
};

const help = [
  "usage: dsbm gallery [key=value …] [--again]",
  galleryJob.about,
  helpTable(gallerySchema, { width: terminalWidth() }),
  "--again   train anew what is trained already",
].join("\n\n");

/** The complete configuration of an exhibit, and the command that trains it. */
function configOf({ words, quick }: Exhibit, { seed, threads, ...config }: GalleryConfig) {
  const key = (word: string) => word.slice(0, word.indexOf("="));
  const trial = config.quick ? quick : [];
  const own = [
    ...words.filter((word) => !trial.some((other) => key(other) === key(word))),
    ...trial,
  ];
  const place = `experiments_dir='${config.experiments_dir}'`;
  const { members } = resolve(train, [...own, `seed=${seed}`, `threads=${threads}`, place], {
    dirs: [presets],
  });
  const [member] = members as [(typeof members)[number]];
  return {
    config: completeTrain(member.config),
    command: `npx dsbm train ${own.map(shellWord).join(" ")}`,
  };
}

/** Runs the command; returns the exit code. Throws ConfigError for words, and errors of training, export and disk. */
export async function galleryCommand(args: string[]): Promise<number> {
  const again = args.includes("--again");
  const resolved = resolve(
    galleryJob,
    args.filter((arg) => arg !== "--again"),
  );
  if (resolved.help) {
    printHelp(help);
    return 0;
  }
  const { config } = resolved.members[0] as (typeof resolved.members)[number];
  const { ownExhibit, writeExhibit, writeIndex } = await import("../gallery/write.js");
  const { runTraining } = await import("../run/run.js");
  const own = config.runs.map((run) => ownExhibit(findRun(run)));
  const { createWorkInterrupt } = await import("../terminal/work-interrupt.js");
  const resume = `npx dsbm gallery ${args.map(shellWord).join(" ")}`.trimEnd();
  const interrupt = createWorkInterrupt({ late: stoppedWithin(resume) });
  const progress = createProgress();
  const { signal } = interrupt;
  mkdirSync(config.out, { recursive: true });
  const sections: string[][] = [];
  const show = async (shown: Shown) => {
    sections.push(await writeExhibit(shown, config.out, { progress, signal }));
  };
  try {
    for (const name of config.only ?? names) {
      const { title, about, direction } = exhibits[name];
      const { config: run, command } = configOf(exhibits[name], config);
      const kind = config.quick ? "gallery-quick" : "gallery";
      const folder = absolute(join(config.experiments_dir, kind, name, String(config.seed)));
      progress.line(title);
      const { state } = await runTraining(run, { folder, progress, signal, again, resume });
      if (state === "interrupted") return 130;
      await show({ name, title, about, direction, command, folder });
    }
    for (const shown of own) await show(shown);
  } finally {
    progress.done();
    interrupt.dispose();
  }
  console.log(`gallery ${writeIndex(config.out, sections)}`);
  return 0;
}
