import { parentPort, workerData } from "node:worker_threads";
import { answer, lockFiles } from "../../files/reader-answer.js";
import type { Opened, RowBatch } from "../row-source.js";
import type { ForeignTask } from "./foreign.js";
import { type ForeignFile, openFormat, unreadable } from "./foreign-file.js";

const file = workerData as ForeignFile;
const running = new Map<number, AsyncGenerator<RowBatch>>();

async function openTable() {
  if (file.format === "h5ad") {
    await (await import("h5wasm/node")).ready;
    lockFiles(file.path);
  }
  return openFormat(file);
}

const answerTask = (operation: () => Promise<unknown>) =>
  answer(operation, (error) => unreadable(file, error));

const table = openTable();
answerTask(async () => {
  const { batches: _, close: __, variability: ___, ...facts }: Opened = await table;
  return facts;
});

parentPort?.on("message", (task: ForeignTask) =>
  answerTask(async () => {
    if (task === "variability") return ((await table) as Opened).variability?.();
    const { id, request } = task;
    const batches = running.get(id) ?? (await table).batches(request);
    running.set(id, batches);
    const { value, done } = await batches.next();
    if (done) running.delete(id);
    // Parts of a column would be sent with all of it.
    return done
      ? null
      : { ...value, numbers: value.numbers.map((column: Float64Array) => column.slice()) };
  }),
);
