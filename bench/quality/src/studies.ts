// Studies that are no table of methods, each with a page of its own.
import { spawnSync } from "node:child_process";
import { join, resolve } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { removeFolder, shellWord } from "@dsbm/files";
import { createInterrupt, createProgress } from "@dsbm/runs";
import type { BenchmarkConfig } from "./config.js";
import { pageOf, writePage } from "./page.js";

/** Whether a study starts over, and the command that resumes it. */
interface StudyCall {
  again: boolean;
  resume: string;
}

/** Runs the common checks of methods, or reads their kept results. Returns 1 if a check fails, 130 if it was stopped. */
async function methodChecks(
  { quick, out, methods, train, experiments_dir }: BenchmarkConfig,
  { again, resume }: StudyCall,
) {
  const { measuredChecks } = await import("./checks/outcomes.js");
  const { checksDocument } = await import("./checks/document.js");
  const { setNumThreads } = await import("@dsbm/torch");
  const { methodFacts } = await import("@dsbm/bridge");
  setNumThreads(1);
  const interrupt = createInterrupt();
  const progress = createProgress();
  const folder = join(experiments_dir, "benchmark", quick ? "checks-quick" : "checks");
  if (again) removeFolder(folder);
  const measured = await measuredChecks(methodFacts, {
    ...{ size: quick ? ("small" as const) : ("full" as const), folder, line, progress, methods },
    ...{ train, signal: interrupt.signal },
  });
  progress.done();
  interrupt.dispose();
  if (interrupt.signal.aborted) {
    console.error(`dsbm: stopped; to resume: ${resume}`);
    return 130;
  }
  const chosen = methods ? ` methods=${shellWord(methods.join())}` : "";
  const text = checksDocument(measured, `npm run benchmark -- checks${chosen}`);
  const isPage = !quick && methods === null;
  if (out !== null || isPage) {
    const { checksFigure } = await import("./checks/figure.js");
    writePage(out ?? pageOf("checks"), text, { "": await checksFigure(measured) });
  }
  console.log(text);
  const failed = measured.outcomes.filter(({ holds }) => !holds);
  for (const { check, method, value, reason } of failed)
    console.error(`dsbm: ${method.name}: ${check.name}: ${reason ?? value}`);
  return failed.length > 0 ? 1 : 0;
}

/** Distils runs and compares them with their teachers. Returns 130 if it was stopped. */
async function fewSteps({ quick, out, cases, experiments_dir }: BenchmarkConfig, work: StudyCall) {
  const { studyCases, studyOf } = await import("./few-steps/study.js");
  const { stepsDocument } = await import("./few-steps/document.js");
  const { setNumThreads } = await import("@dsbm/torch");
  setNumThreads(1);
  const interrupt = createInterrupt();
  const progress = createProgress();
  const folder = join(experiments_dir, "benchmark", quick ? "few-steps-quick" : "few-steps");
  const results = [];
  for (const study of studyCases(quick)) {
    if (cases !== null && !cases.includes(study.name)) continue;
    const { signal } = interrupt;
    const result = signal.aborted
      ? null
      : await studyOf(study, { ...work, folder, progress, signal });
    if (result) results.push(result);
  }
  progress.done();
  interrupt.dispose();
  const only = cases === null ? "" : ` cases=${cases.join()}`;
  const text = stepsDocument(results, `npm run benchmark -- few-steps${only}`);
  const isPage = !quick && cases === null && !interrupt.signal.aborted;
  if (results.length > 0 && (out !== null || isPage)) {
    const { stepsFigure } = await import("./few-steps/figure.js");
    writePage(out ?? pageOf("few-steps"), text, { "": await stepsFigure(results) });
  }
  console.log(text);
  if (!interrupt.signal.aborted) return 0;
  console.error(`dsbm: stopped; to resume: ${work.resume}`);
  return 130;
}

/**
 * Corrects and refines real rain by several routes.
 * @throws the errors of its commands.
 */
async function climate(
  { quick, out, experiments_dir }: BenchmarkConfig,
  { again }: StudyCall,
): Promise<number> {
  const { studyRoutes } = await import("./climate/study.js");
  const { climateDocument, routeScores } = await import("./climate/document.js");
  const { routeMaps } = await import("./climate/maps.js");
  const { setNumThreads } = await import("@dsbm/torch");
  setNumThreads(1);
  const name = quick ? "climate-quick" : "climate";
  const folder = resolve(experiments_dir, "benchmark", name);
  if (again) removeFolder(folder);
  const size = quick
    ? { folds: 2, steps: 2, members: 2, stride: { test: 4, train: 4 } }
    : { folds: 3, steps: 700, members: 6, stride: { test: 2, train: 1 } };
  const progress = createProgress();
  const { rain, results } = await studyRoutes(size, {
    folder,
    line,
    say: (text) => progress.line(text),
  });
  progress.done();
  const command = "npm run benchmark -- climate";
  const text = climateDocument(routeScores(results), { command, size });
  if (out !== null || !quick)
    writePage(out ?? pageOf("climate"), text, { "-maps": await routeMaps(rain, results) });
  console.log(text);
  return 0;
}

const program = fileURLToPath(
  new URL("../../../packages/command/cli/bin/dsbm.mjs", import.meta.url),
);

/** Runs `dsbm` in a process of its own. */
async function line(...words: string[]) {
  const { status, stderr } = spawnSync(process.execPath, [program, ...words], { encoding: "utf8" });
  return { code: status, stderr };
}

async function verdictStudy({ quick, out }: BenchmarkConfig): Promise<number> {
  const { study } = await import("./verdicts/problem.js");
  const { judgeProblem, measurePower } = await import("./verdicts/judge.js");
  const { falseRate, verdictsDocument } = await import("./verdicts/document.js");
  const { verdictsFigure } = await import("./verdicts/figure.js");
  const { setNumThreads } = await import("@dsbm/torch");
  setNumThreads(1);
  const progress = createProgress();
  const problems = study(quick);
  const judged = [];
  for (const [step, problem] of problems.entries()) {
    progress.update({ label: "judging", step, steps: problems.length });
    judged.push(await judgeProblem(problem));
  }
  progress.done();
  const draws = quick ? 10 : 100;
  const powers = await measurePower(draws);
  const text = verdictsDocument(judged, {
    command: "npm run benchmark -- verdicts",
    powers,
    draws,
  });
  writePage(out ?? pageOf("verdicts"), text, { "": await verdictsFigure(judged) });
  console.log(text);
  const { count, of } = falseRate(judged);
  return count > 0.05 * of ? 1 : 0;
}

async function emoji(config: BenchmarkConfig, call: StudyCall): Promise<number> {
  const { emojiStudy } = await import("./emoji/command.js");
  return emojiStudy(config, call);
}

/** The studies by name; each returns the exit code. */
export const studies: Record<
  string,
  (config: BenchmarkConfig, call: StudyCall) => Promise<number>
> = { verdicts: verdictStudy, checks: methodChecks, "few-steps": fewSteps, climate, emoji };
