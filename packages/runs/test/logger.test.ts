// One table of tests over all loggers, then what is particular to each.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { readCsv } from "../src/csv.js";
import { fromJsonLines } from "../src/json.js";
import { csvLogger } from "../src/logger/csv.js";
import { type Logger, loggers } from "../src/logger.js";
import { runErrorOf, temporaryFolder } from "./support.js";

const rows = [
  { step: 1, loss: 0.5, note: "a,b" },
  { step: 2, loss: Number.NaN, note: null },
];

const readBack: Record<keyof typeof loggers, (path: string) => unknown> = {
  CSV: (path) => readCsv(path).rows,
  JSONL: (path) => fromJsonLines(readFileSync(path, "utf8"), path),
  NONE: (path) => (existsSync(path) ? "a file" : rows),
};

describe.each(Object.entries(loggers))("logger %s", (name, open: (path: string) => Logger) => {
  it("keeps rows in order over two openings and closes twice", () => {
    const path = join(temporaryFolder(), "log");
    for (const row of rows) {
      const logger = open(path);
      logger.log(row);
      logger.close();
      logger.close();
    }
    expect(readBack[name as keyof typeof loggers](path)).toEqual(rows);
  });
});

describe("csvLogger", () => {
  it("fills missing values and refuses new ones", () => {
    const path = join(temporaryFolder(), "log.csv");
    const logger = csvLogger(path, { columns: ["step", "loss"] });
    logger.log({ step: 1 });
    expect(runErrorOf(() => logger.log({ step: 2, fid: 1 })).code).toBe("columns");
    logger.close();
    expect(readCsv(path).rows).toEqual([{ step: 1, loss: null }]);
  });
});
