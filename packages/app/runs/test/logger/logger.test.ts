// One table of tests over all loggers, then what is particular to tables; TensorBoard's files have tests of their own.
import { existsSync, readFileSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { readCsv } from "../../src/files/csv.js";
import { readJsonLines } from "../../src/files/json.js";
import { type LogValues, loggers, type OpenLogger } from "../../src/logger/logger.js";
import { metricName, namedMetrics } from "../../src/logger/names.js";
import { csvLogger } from "../../src/logger/tables.js";
import { runErrorOf, scratch } from "../support.js";
import { shownScalars } from "./events.js";

type Point = [step: number, value: number];

/** The points of a metric as another program would find them. */
const pointsOf: Record<keyof typeof loggers, ((folder: string, name: string) => Point[]) | null> = {
  Wandb: (folder, name) => shownScalars(join(folder, "tensorboard"), name),
  TensorBoard: (folder, name) => shownScalars(join(folder, "tensorboard"), name),
  CSV: (folder, name) => pointsIn(readCsv(join(folder, "metrics.csv")).rows, name),
  JSONL(folder, name) {
    return pointsIn(readJsonLines(join(folder, "log.jsonl")), name);
  },
  NONE: null,
};

function pointsIn(rows: Record<string, unknown>[], name: string): Point[] {
  const known = rows.filter((row) => typeof row[name] === "number");
  return known.map((row) => [row.step as number, row[name] as number]);
}

const all = Object.entries(loggers) as [keyof typeof loggers, OpenLogger][];

describe.each(all)("logger %s", (name, open) => {
  const expectPoints = (folder: string, key: string, want: Record<number, number>) => {
    const points = pointsOf[name]?.(folder, key);
    if (points) expect(points).toEqual(Object.entries(want).map(([at, x]) => [Number(at), x]));
    else
      for (const file of ["metrics.csv", "log.jsonl", "tensorboard"])
        expect(existsSync(join(folder, file))).toBe(false);
  };

  it("keeps values by step and name, as soon as they are logged", () => {
    const folder = scratch();
    const logger = open(folder);
    logger.log(0, { "b/train/loss": 0.5 });
    logger.log(10, { "b/train/loss": 0.25, "b/train/rate": null });
    logger.log(10, { "b/test/fid": 3 });
    logger.log(20, { "b/train/loss": Number.NaN, "b/train/rate": Infinity });
    // Before it is closed: another process would see this much.
    expectPoints(folder, "b/train/loss", { 0: 0.5, 10: 0.25, 20: Number.NaN });
    expectPoints(folder, "b/train/rate", { 20: Infinity });
    expectPoints(folder, "b/test/fid", { 10: 3 });
    logger.flush();
    logger.close();
    logger.close();
    expectPoints(folder, "b/test/fid", { 10: 3 });
  });

  it("continues after what is there, and removes what is logged again", () => {
    const folder = scratch();
    const session = (from: number | undefined, values: Record<number, number>) => {
      const logger = open(folder, from === undefined ? {} : { from });
      for (const [step, loss] of Object.entries(values)) logger.log(Number(step), { loss });
      logger.close();
    };
    session(undefined, { 5: 1, 10: 2 });
    session(undefined, { 15: 3, 20: 4 });
    expectPoints(folder, "loss", { 5: 1, 10: 2, 15: 3, 20: 4 });
    session(15, { 15: 30, 20: 40, 25: 50 });
    expectPoints(folder, "loss", { 5: 1, 10: 2, 15: 30, 20: 40, 25: 50 });
    session(25, {});
    expectPoints(folder, "loss", { 5: 1, 10: 2, 15: 30, 20: 40 });
    session(0, { 5: 7 });
    expectPoints(folder, "loss", { 5: 7 });
  });

  // What keeps nothing refuses nothing.
  if (pointsOf[name])
    it("refuses what is no step, no number or no name", () => {
      const logger = open(scratch());
      const faults: [number, Record<string, unknown>, string][] = [
        [-1, { loss: 1 }, "step is -1, expected a whole number from 0 on"],
        [0.5, { loss: 1 }, "step is 0.5, expected"],
        [Number.NaN, { loss: 1 }, "step is NaN, expected"],
        [1, { step: 1 }, 'a value to log is named "step", expected another name'],
        [1, { "": 1 }, 'a value to log is named "", expected another name'],
        [1, { note: "x" }, 'the value "note" to log is a string, expected a number or null'],
      ];
      for (const [step, values, message] of faults) {
        const error = runErrorOf(() => logger.log(step, values as LogValues));
        expect([error.code, error.message]).toEqual([
          "bad_argument",
          expect.stringContaining(message),
        ]);
      }
      logger.close();
      expect(runErrorOf(() => logger.log(1, { loss: 1 })).code).toBe("closed");
      expect(runErrorOf(() => logger.log(1, { another: 1 })).code).toBe("closed");
      expect(runErrorOf(() => open(scratch(), { from: -3 })).message).toBe(
        "from is -3, expected a whole number from 0 on",
      );
    });
});

describe("metrics.csv", () => {
  it("has a column for each name, in the order in which they turned up", () => {
    const folder = scratch();
    const path = join(folder, "metrics.csv");
    const first = csvLogger(folder);
    first.log(1, { "b/train/loss": 0.5 });
    first.log(2, { "b/train/loss": 0.25, 'odd, "name"': -0 });
    first.log(3, {});
    expect(readFileSync(path, "utf8")).toBe(
      'step,b/train/loss,"odd, ""name"""\n1,0.5,\n2,0.25,-0\n3,,\n',
    );
    first.close();
    const second = csvLogger(folder);
    second.log(4, { "f/train/loss": 1 });
    second.close();
    const { columns, rows } = readCsv(path);
    expect(columns).toEqual(["step", "b/train/loss", 'odd, "name"', "f/train/loss"]);
    expect(rows[3]).toEqual({
      step: 4,
      "b/train/loss": null,
      'odd, "name"': null,
      "f/train/loss": 1,
    });
    expect(rows[0]).toMatchObject({ "b/train/loss": 0.5, "f/train/loss": null });
  });

  it("removes a row that a crash cut off", () => {
    const folder = scratch();
    const path = join(folder, "metrics.csv");
    const logger = csvLogger(folder);
    logger.log(1, { loss: 1 });
    logger.log(2, { loss: 12345 });
    logger.close();
    truncateSync(path, readFileSync(path).length - 3);
    const again = csvLogger(folder);
    again.log(3, { loss: 3, fid: 4 });
    again.close();
    expect(readCsv(path).rows).toEqual([
      { step: 1, loss: 1, fid: null },
      { step: 3, loss: 3, fid: 4 },
    ]);
  });

  it("is not written into another table", () => {
    const folder = scratch();
    const path = join(folder, "metrics.csv");
    writeFileSync(path, "half_iteration,mean\n1,2\n");
    const error = runErrorOf(() => csvLogger(folder, { from: 0 }));
    expect(error.code).toBe("columns");
    expect(error.message).toMatch(
      /begins with the column "half_iteration", expected "step": .*move the file away$/,
    );
    expect(readFileSync(path, "utf8")).toBe("half_iteration,mean\n1,2\n");
  });
});

describe("names of metrics", () => {
  it("say the direction, the data and the sampler", () => {
    expect(metricName({ direction: "b", stage: "train" }, "loss")).toBe("b/train/loss");
    expect(metricName({ direction: "f", stage: "test", ode: true }, "fid")).toBe("f/test/ode/fid");
  });

  it("are given to the numbers of a row", () => {
    const place = { half_iteration: 3, iteration: 2, direction: "f", step: 7 };
    const row = { ...place, fid: 2.5, share: null, name: "x", nfe: 0 };
    const named = { "f/test/fid": 2.5, "f/test/nfe": 0 };
    expect(namedMetrics({ direction: "f", stage: "test" }, row)).toEqual(named);
  });
});
