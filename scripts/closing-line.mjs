// Counts what vitest ran, for the last line of `npm test`. The counts go to a file and not to the
// screen: only the process that outlives vitest can be sure that its line is the last one.
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import process from "node:process";

/** Name of the environment variable that holds the file for the counts. */
export const COUNTS = "DSBM_TEST_COUNTS";

/** A vitest reporter that leaves { passed, failed, skipped, files: [{ file, seconds }] } behind. */
export default class ClosingLine {
  onTestRunEnd(modules, unhandledErrors) {
    const counts = { passed: 0, failed: 0, skipped: 0, files: [] };
    for (const module of modules) {
      const { collectDuration, duration } = module.diagnostic();
      const seconds = (collectDuration + duration) / 1000;
      counts.files.push({ file: module.relativeModuleId, seconds });
      const before = counts.failed;
      for (const test of module.children.allTests()) {
        const { state } = test.result();
        counts[state === "pending" ? "failed" : state] += 1; // pending: its fork died first
      }
      // A file that does not load, or a hook that throws, fails no test but is a failure.
      if (!module.ok() && counts.failed === before) counts.failed += 1;
    }
    if (unhandledErrors.length > 0) counts.failed += unhandledErrors.length;
    const file = process.env[COUNTS];
    if (file) writeFileSync(file, JSON.stringify(counts));
  }
}

/** Minutes that the whole of `npm test` may take on two quiet cores. */
const wholeMinutes = 8;

/** Lines on time: the ten slowest files, and whether all of it took more than 8 minutes. */
export function timeLines(file, milliseconds) {
  const { files = [] } = existsSync(file) ? JSON.parse(readFileSync(file, "utf8")) : {};
  const slowest = files.toSorted((a, b) => b.seconds - a.seconds).slice(0, 10);
  const lines = slowest.map((row) => `${row.seconds.toFixed(1).padStart(7)} s  ${row.file}`);
  if (lines.length > 0) lines.unshift(`Slowest of ${files.length} files:`);
  const minutes = milliseconds / 60_000;
  if (minutes > wholeMinutes)
    lines.push(
      `The tests took ${minutes.toFixed(1)} minutes; the goal is ${wholeMinutes} on two quiet cores.`,
    );
  return lines;
}

/**
 * Turns the counts left in `file` and vitest's exit code into { line, code }.
 * No counts, no test at all, or an exit code without a failed test each count as one failure.
 */
export function closingLine(file, code) {
  const none = { passed: 0, failed: 0, skipped: 0 };
  const { passed, failed, skipped } = existsSync(file)
    ? JSON.parse(readFileSync(file, "utf8"))
    : none;
  const broken = code !== 0 || passed + failed === 0;
  const failures = broken ? Math.max(failed, 1) : failed;
  return {
    line: `${passed} passed, ${failures} failed`,
    skipped,
    code: failures > 0 ? (code ?? 1) || 1 : 0,
  };
}
