// The parts of the main job have configurations that are valid, also with quick=true.
import { expect, it } from "vitest";
import { runOfJob } from "../src/command/job.js";
import { partsOf } from "../src/command/start.js";

it.each([true, false])("the parts of the main job are valid, quick=%s", (quick) => {
  const config = {
    source: 2,
    target: 3,
    seed: 42,
    threads: 1,
    experiments_dir: "runs",
    quick,
  } as const;
  for (const part of partsOf(config))
    expect(runOfJob(part.experiment, part, config).config.seed).toBe(42);
});
