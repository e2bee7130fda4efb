// `dsbm test RUN key=value …`: `dsbm evaluate` under the published command and keys, by the SDE and the probability flow.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { ConfigError, configure, evaluate, resolve, test, testOnlyKeys } from "@dsbm/config";
import { makeFolder, shellWord } from "@dsbm/files";
import { findRun } from "@dsbm/runs";
import { placedWords } from "../terminal/work.js";
import { placeOfRun } from "../words/places.js";
import { evaluateRun } from "./evaluate.js";

const notes = [
  "RUN  the folder of a run, a folder above one, or latest; without RUN the options of dsbm train name it",
  "test_npar and test_num_steps hold too. dsbm evaluate measures the run by its own sampler and along its probability flow, into RUN/test/.",
];

/**
 * Returns the exit code.
 * @throws {ConfigError}
 */
export async function testCommand(args: string[]): Promise<number> {
  const request = placedWords(test, args, {
    expected: "[RUN]",
    notes,
    only: testOnlyKeys,
  });
  if (!request) return 0;
  const { config, overrides, words, places } = request;
  const [run] = places;
  const folder = run === undefined ? runOf(words) : findRun(run);
  const { readTrained } = await import("@dsbm/inference");
  const hasFlow = readTrained(folder, "newest").method.sampler === undefined;
  const { split, half_iteration, threads, device } = config;
  const { inception, fid_statistics } = config.metrics;
  const common = {
    split,
    half_iteration,
    threads,
    device,
    inception,
    fid_statistics,
    ...("test_npar" in overrides && { n: config.test_npar }),
  };
  const steps = "test_num_steps" in overrides ? [config.test_num_steps].flat() : [null];
  const { ode_sampler: solver, ode_tol, ode_euler_step_size: ode_step_size } = config;
  const flow = solver === "dopri5" ? { solver, ode_tol } : { solver, ode_step_size };
  const samplers: { solver: string; steps?: number | null }[] = [
    ...steps.map((count) => ({ solver: "sde", steps: count })),
    ...(config.test_ode_sampler && hasFlow ? [flow] : []),
  ];
  makeFolder(join(folder, "test"));
  for (const sampler of samplers) {
    const parts = [split, half_iteration, sampler.steps ?? [], sampler.solver].flat();
    const out = join(folder, "test", `${parts.join("_")}.json`);
    const code = await evaluateRun(
      folder,
      configure(evaluate, { ...common, ...sampler, out }).config,
    );
    if (code !== 0) return code;
  }
  return 0;
}

/**
 * The run of these options, with or without evaluation options.
 * @throws {ConfigError} with the way to train it.
 */
function runOf(words: readonly string[]): string {
  const training = words.filter((word) => !testOnlyKeys.some((key) => word.startsWith(`${key}=`)));
  const others = training.filter((word) => !/^(test_|metrics\.)/.test(word));
  const [folder = "", ...more] = [training, others].flatMap((list) => {
    const { members } = resolve(test, list);
    return members.map((member) => placeOfRun(member.config, member));
  });
  const folderOfRun = [folder, ...more].find((one) => existsSync(join(one, "run.json")));
  if (folderOfRun !== undefined) return folderOfRun;
  throw new ConfigError(
    `there is no run of these options, ${folder} is not there: give the folder of a run, or train it with npx dsbm train ${training.map(shellWord).join(" ")}`,
  );
}
