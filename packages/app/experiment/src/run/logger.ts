import type { CompleteTrainConfig } from "@dsbm/config";
import type { Position } from "@dsbm/problem";
import {
  type Logger,
  loggers,
  namedMetrics,
  type Row,
  type RunWriter,
  readCsv,
  readMetrics,
} from "@dsbm/runs";

/**
 * Opens the logger at a position, with `before` steps before it. An evaluation due there may be
 * logged without its row, so the whole step is logged again.
 */
export function openLogger(
  at: Position,
  before: number,
  { config, run, isPending }: { config: CompleteTrainConfig; run: RunWriter; isPending: boolean },
): Logger {
  const from = before === 0 || isPending ? before : before + 1;
  const logger = loggers[config.LOGGER](run.paths.folder, from);
  if (!isPending) return logger;
  const isHere = (row: Record<string, unknown>) =>
    row.half_iteration === at.half && row.step === at.step;
  for (const row of readMetrics(run.paths.metrics_jsonl).filter(isHere)) {
    const place = { direction: at.direction, stage: "train" } as const;
    logger.log(before, namedMetrics(place, row as Row));
  }
  for (const row of readCsv(run.paths.results_csv).rows.filter(isHere)) {
    const direction = row.direction === "f" ? "f" : "b";
    logger.log(before, namedMetrics({ direction, stage: "test" }, row));
  }
  return logger;
}
