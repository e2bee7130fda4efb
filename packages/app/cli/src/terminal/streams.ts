// Output may have no reader: a closed pipe, a full disk.
import { printable } from "@dsbm/files";

let listens = false;

/** Listens to both streams, and prevents names in data from controlling the terminal. */
export function outliveReaders(): void {
  if (listens) return;
  listens = true;
  for (const method of ["log", "error"] as const) {
    const print = console[method].bind(console);
    console[method] = (...values) =>
      print(...values.map((value) => (typeof value === "string" ? printable(value) : value)));
  }
  // Without a listener an error of a stream ends the process with a stack trace.
  process.stderr.on("error", () => {});
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    // `dsbm … | head` has its lines.
    if (error.code === "EPIPE") return;
    console.error(`dsbm: cannot print the result: ${error.message}`);
    process.exitCode = 1;
  });
}
