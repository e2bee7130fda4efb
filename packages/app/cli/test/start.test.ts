// The parts of the main job have configurations that can be, as a trial too; so have the exhibits of the gallery.
import { completeTrain, presets, resolve, train } from "@dsbm/config";
import { expect, it } from "vitest";
import { runOfJob } from "../src/command/job.js";
import { partsOf } from "../src/command/start.js";
import { exhibits } from "../src/gallery/exhibits.js";

const job = { source: 2, target: 3, seed: 42, threads: 1, experiments_dir: "runs" } as const;

it.each([true, false])("the parts of the main job can be, quick=%s", (quick) => {
  const config = { ...job, quick };
  for (const part of partsOf(config))
    expect(runOfJob(part.experiment, part, config).config.seed).toBe(42);
});

it.each(Object.entries(exhibits))(
  "the exhibit %s can be, as a trial too",
  (_, { words, quick }) => {
    const key = (word: string) => word.slice(0, word.indexOf("="));
    const trial = words.filter((word) => !quick.some((other) => key(other) === key(word)));
    for (const all of [words, [...trial, ...quick]]) {
      const { members } = resolve(train, all, { dirs: [presets] });
      expect(
        completeTrain((members[0] as (typeof members)[number]).config).batch_size,
      ).toBeGreaterThan(0);
    }
  },
);
