import { parentPort, workerData } from "node:worker_threads";
import { answer, lockFiles } from "../../files/reader-answer.js";
import type { Opened, RowBatch } from "../row-source.js";
import type { ForeignTask } from "./foreign.js";
import { type ForeignFile, openFormat, unreadable } from "./foreign-file.js";

const file = workerData as ForeignFile;
const running = new Map<number, AsyncGenerator<RowBatch | number, unknown>>();

async function openTable() {
  if (file.format === "h5ad") {
    await (await import("h5wasm/node")).ready;
    lockFiles(file.path);
  }
  return openFormat(file);
}

async function beginReading(request: ForeignTask["request"]) {
  const opened: Opened = await table;
  if (request !== "variability") return opened.batches(request);
  if (!opened.variability) throw new Error("has no columns of counts");
  return opened.variability();
}

/** Parts of a column would be sent with all of it. */
const withOwnColumns = (batch: RowBatch): RowBatch => ({
  ...batch,
  numbers: batch.numbers.map((column) => column.slice()),
});

const answerTask = (operation: () => Promise<unknown>) =>
  answer(operation, (error) => unreadable(file, error));

const table = openTable();
answerTask(async () => {
  const { batches: _, close: __, variability: ___, ...facts }: Opened = await table;
  return facts;
});

parentPort?.on("message", (task: ForeignTask) =>
  answerTask(async () => {
    const { id, request } = task;
    const steps = running.get(id) ?? (await beginReading(request));
    running.set(id, steps);
    const step = await steps.next();
    if (step.done) running.delete(id);
    return step.done || typeof step.value === "number"
      ? step
      : { value: withOwnColumns(step.value), done: false };
  }),
);
