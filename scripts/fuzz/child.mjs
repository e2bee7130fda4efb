// The process that makes the calls: it writes each one down before it is made, since it may not survive it.
import { closeSync, openSync, writeSync } from "node:fs";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads";
import { callsOf } from "./calls/calls.mjs";
import { source } from "./random.mjs";
import { makers } from "./values.mjs";

const job = isMainThread ? JSON.parse(process.argv[2]) : workerData;
const { engine, seed, from: firstCall, to: lastCall, log, names, trace } = job;
const T = await import(engine);
if (job.worker && isMainThread) {
  // The engine is loaded here first, since it sets variables of the environment.
  const worker = new Worker(fileURLToPath(import.meta.url), { workerData: job });
  worker.on("message", (text) => process.stdout.write(text));
  const code = await new Promise((ended, failed) => worker.on("exit", ended).on("error", failed));
  process.exit(code);
}
T.setNumThreads(1);
T.setMemoryLimit?.(2 ** 30);
const draw = callsOf(
  T,
  names
    .flatMap((name) => T.schemas(name))
    .filter((schema) => {
      const [, name, overload = ""] = /^([\w:]+?)(?:\.(\w+))?\(/.exec(schema);
      return T.callable[name]?.includes(overload);
    }),
);
const state = { pool: [], programs: [] };
let rss = 0;
const file = openSync(log, "w");
const page = Buffer.alloc(4096);

function show(value, depth = 0) {
  if (typeof value === "function") return "function";
  if (typeof value === "string") return JSON.stringify(value.slice(0, 30));
  if (typeof value !== "object" || value === null)
    return `${String(value)}${typeof value === "bigint" ? "n" : ""}`;
  try {
    if (value instanceof T.Tensor) return `${value}${value.requiresGrad ? " grad" : ""}`.slice(7);
    if (Array.isArray(value) && depth < 2)
      return `[${value
        .slice(0, 8)
        .map((x) => show(x, depth + 1))
        .join(", ")}]`;
    return Object.prototype.toString.call(value).slice(8, -1);
  } catch {
    return "?"; // a hostile value need not be showable
  }
}

/** What shows that a result can be used, not only held. */
function useResult(value) {
  if (value instanceof T.Tensor) {
    value.toString();
    if (value.device === "cpu" && value.numel < 10_000 && value.dtype in T.arrayOf) value.toArray();
  } else if (Array.isArray(value)) for (const item of value.slice(0, 10)) useResult(item);
}

const count = { values: 0, errors: 0, strangers: 0 };
for (let index = firstCall; index < lastCall; index++) {
  const r = source(seed, index);
  const owned = [];
  T.tidy(() => {
    let call;
    try {
      call = draw(r, makers(r, T, owned, state));
      // Arguments that fight back are not looked at: showing them would spring their traps.
      const text = /record|gradient|call|tensor\./.test(call.what)
        ? call.args.map((a) => show(a)).join(", ")
        : "";
      page.fill(32).write(`${index} ${call.what}(${text})`.slice(0, 2000), 0);
      page[4095] = 10;
      writeSync(file, page, 0, 4096, 0);
      if (trace) console.error(`${index} ${call.what}(${text})`);
      useResult(call.run());
      count.values++;
      if (trace) console.error("gave a value");
    } catch (error) {
      if (error instanceof Error) count.errors++;
      else count.strangers++;
      if (trace) console.error(String(error?.stack ?? error));
    }
  });
  T.enableGrad(() => {});
  if (T.gradEnabled() !== true) throw new Error(`call ${index} left the gradient mode off`);
  // The first calls load what later ones use again.
  if (index - firstCall === Math.floor((lastCall - firstCall) / 4)) rss = process.memoryUsage().rss;
  if (index % 1000 === 0) await new Promise((resolve) => setImmediate(resolve));
}
closeSync(file);
const { rss: end } = process.memoryUsage();
const result = `${JSON.stringify({ ...count, rss: end, grown: end - rss })}\n`;
if (parentPort) parentPort.postMessage(result);
else process.stdout.write(result);
