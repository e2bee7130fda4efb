import { parentPort, workerData } from "node:worker_threads";
import { LineScanner, type ScanPlan } from "./scan.js";

const scanner = new LineScanner(workerData as ScanPlan);

parentPort?.on("message", (bytes: Uint8Array<ArrayBuffer>) => {
  const rows = scanner.scan(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length));
  parentPort?.postMessage(
    rows,
    rows.numbers.map(({ buffer }) => buffer),
  );
});
