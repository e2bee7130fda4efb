// The command line in this process: what it prints and its exit code, without the time that a process of its own takes.
import { vi } from "vitest";
import { main } from "../src/main.js";

/** Runs `dsbm` with these words. */
export async function line(
  ...words: string[]
): Promise<{ code: number; stdout: string; stderr: string }> {
  let [stdout, stderr] = ["", ""];
  const log = vi.spyOn(console, "log").mockImplementation((text = "") => {
    stdout += `${text}\n`;
  });
  const error = vi.spyOn(console, "error").mockImplementation((text = "") => {
    stderr += `${text}\n`;
  });
  const write = vi.spyOn(process.stderr, "write").mockImplementation((text) => {
    stderr += text;
    return true;
  });
  try {
    const code = await main(words);
    return { code, stdout, stderr };
  } finally {
    for (const spy of [log, error, write]) spy.mockRestore();
  }
}
