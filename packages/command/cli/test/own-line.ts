// Runs the command line in this process and returns its output and exit code, without the time of a
// new process.
import { vi } from "vitest";
import { main } from "../src/main.js";

/** Runs `dsbm` with these arguments. */
export async function line(...words: string[]) {
  const said = { stdout: "", stderr: "" };
  const add =
    (to: keyof typeof said, end = "") =>
    (text: unknown = "") => {
      said[to] += `${text}${end}`;
      return true;
    };
  const spies = [
    vi.spyOn(console, "log").mockImplementation(add("stdout", "\n")),
    vi.spyOn(console, "error").mockImplementation(add("stderr", "\n")),
    vi.spyOn(process.stderr, "write").mockImplementation(add("stderr")),
  ];
  try {
    return { code: await main(words), ...said };
  } finally {
    for (const spy of spies) spy.mockRestore();
  }
}
