// Answers the calls of the page.
import { UserError } from "@dsbm/files";
import type { FitAnswer, FitAsk, FitEvent } from "@dsbm/web/fit";
import { BridgeError, ConfigError, DatasetError, FileError, RunError, TorchError } from "dsbm";
import { FolderChanges, withUserNames } from "./folder.js";
import { FitSession } from "./session.js";

const port = globalThis as unknown as {
  postMessage(answer: FitAnswer, transfer?: Transferable[]): void;
};

const session = new FitSession();
const running = new Map<number, AbortController>();
let changes: FolderChanges | null = null;

/** Tells the page which files of the run have changed. */
function tellFiles(): void {
  const files = changes?.take() ?? [];
  const buffers = files.flatMap(([, bytes]) => bytes?.buffer ?? []);
  if (changes && files.length > 0)
    port.postMessage({ run: changes.folder, files }, buffers as ArrayBuffer[]);
}

const ours = [BridgeError, ConfigError, DatasetError, FileError, RunError, TorchError, UserError];

function errorOf(error: unknown): { name: string; message: string; isOurs: boolean } {
  if (!(error instanceof Error)) return { name: "Error", message: String(error), isOurs: false };
  const { name, message, stack = "" } = error;
  const isOurs = ours.some((kind) => error instanceof kind);
  return { name, message: isOurs ? withUserNames(message) : `${message}\n${stack}`, isOurs };
}

async function answer({ id, call, values }: Exclude<FitAsk, { call: "abort" }>) {
  const controller = new AbortController();
  running.set(id, controller);
  const say = (progress: FitEvent) => {
    const isLine = "line" in progress;
    port.postMessage({ id, progress: isLine ? { line: withUserNames(progress.line) } : progress });
    if (isLine) tellFiles();
  };
  if (call === "restore" || call === "fit") changes ??= new FolderChanges(nameOf(values));
  try {
    const method = session[call] as (...values: unknown[]) => Promise<unknown>;
    const value = await method.call(session, ...values, { signal: controller.signal, say });
    if (call === "restore") changes?.begin();
    return { id, value };
  } catch (error) {
    return { id, error: errorOf(error) };
  } finally {
    running.delete(id);
    if (call === "fit" || call === "evaluate") tellFiles();
  }
}

const nameOf = ([first]: readonly unknown[]): string =>
  typeof first === "string" ? first : (first as { name: string }).name;

/** Takes a message of the page. */
export function receive(ask: FitAsk): void {
  if (ask.call === "abort") running.get(ask.id)?.abort(new Error("stopped"));
  else void answer(ask).then((message) => port.postMessage(message));
}
