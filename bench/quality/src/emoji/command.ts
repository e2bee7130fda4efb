// `npm run benchmark -- emoji`: fits each case with each seed, reads finished fits, and writes the page.
import { join } from "node:path";
import { createInterrupt, createProgress } from "@dsbm/runs";
import type { BenchmarkConfig } from "../config.js";
import { pageOf, writePage } from "../page.js";
import { type EmojiRow, emojiDocument } from "./document.js";
import { emojiFigure } from "./figure.js";
import { emojiCases, emojiResult } from "./study.js";

/** Runs the study. Returns the exit code, 130 if it was stopped. */
export async function emojiStudy(
  { quick, out, cases, seeds, threads, experiments_dir }: BenchmarkConfig,
  { again, resume }: { again: boolean; resume: string },
): Promise<number> {
  const interrupt = createInterrupt();
  const { signal } = interrupt;
  const progress = createProgress();
  const folder = join(experiments_dir, "benchmark", "emoji");
  const rows: EmojiRow[] = [];
  for (const study of emojiCases(quick)) {
    if (cases !== null && !cases.includes(study.name)) continue;
    const results = [];
    for (const seed of seeds ?? (quick ? [1] : [1, 2, 3, 4, 5])) {
      const work = { folder, threads, again, progress, signal };
      const result = signal.aborted ? null : await emojiResult(study, Number(seed), work);
      if (result) results.push(result);
    }
    rows.push({ study, results });
  }
  progress.done();
  interrupt.dispose();
  const words = [
    quick && "--quick",
    cases && `cases=${cases.join()}`,
    seeds && `seeds=${seeds.join()}`,
  ];
  const command = ["npm run benchmark -- emoji", ...words.filter((word) => word)].join(" ");
  const text = emojiDocument(rows, command);
  const isPage = cases === null && !signal.aborted;
  if (out !== null || isPage)
    writePage(out ?? pageOf("emoji"), text, { "": await emojiFigure(rows) });
  console.log(text);
  if (!signal.aborted) return 0;
  console.error(`dsbm: stopped; to resume: ${resume}`);
  return 130;
}
