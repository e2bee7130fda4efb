// The thread of a file of fields.
import { parentPort, workerData } from "node:worker_threads";
import { unreadableFile } from "../../files/read.js";
import { answer, lockFiles } from "../../files/reader-answer.js";
import { containerOf, type FieldTask, openFieldRows } from "./field-rows.js";

const task = workerData as FieldTask;

async function openHere() {
  if (containerOf(task.path) === "hdf5") {
    await (await import("h5wasm/node")).ready;
    lockFiles(task.path);
  }
  return openFieldRows(task);
}

const answerTask = (operation: () => Promise<unknown>) =>
  answer(operation, (error) => unreadableFile(task.path, "NetCDF or Zarr", error));

const file = openHere();
answerTask(async () => {
  const { format, grid } = await file;
  return { format, grid };
});

parentPort?.on("message", ({ first, count }: { first: number; count: number }) =>
  answerTask(async () => (await file).read(first, count)),
);
