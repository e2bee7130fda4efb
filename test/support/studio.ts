// dsbm studio as a process of its own.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { program } from "../e2e/cli.js";

/** A studio as a user starts it. */
export interface StudioProcess {
  address: string;
  child: ChildProcess;
}

/** Starts `dsbm studio` over a folder, at any port. */
export async function openStudio(
  folder: string,
  words: readonly string[] = [],
): Promise<StudioProcess> {
  const child = spawn(process.execPath, [program, "studio", folder, ...words], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const [said] = await once(child.stdout, "data");
  const [address = ""] = /http:\S+/.exec(String(said)) ?? [];
  return { address, child };
}
