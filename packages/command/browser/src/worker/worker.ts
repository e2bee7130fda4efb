// The script of the worker: Node's globals and the packages' own files come before the packages that read them.
import "../node/globals.js";
import { mkdirSync } from "node:fs";
import type { FitAsk } from "@dsbm/web/fit";
import { runAssets } from "./run-assets.js";
import { writeAll } from "./write.js";

mkdirSync("/tmp", { recursive: true });
writeAll(runAssets);

const waitingAsks: FitAsk[] = [];
globalThis.onmessage = ({ data }: MessageEvent<FitAsk>) => void waitingAsks.push(data);
void import("./answers.js").then(({ receive }) => {
  globalThis.onmessage = ({ data }: MessageEvent<FitAsk>) => receive(data);
  for (const ask of waitingAsks.splice(0)) receive(ask);
});
