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

/** A table of rows on a circle, with a column of names. */
export const circleTable = (radius: number): string =>
  `id,x,y\n${Array.from({ length: 60 }, (_, i) => {
    const at = (2 * Math.PI * i) / 60;
    return `r${i},${radius * Math.cos(at)},${radius * Math.sin(at) + 0.01 * i}`;
  }).join("\n")}\n`;

/** The hash of the page "New bridge" with options and files. */
export const newBridge = (
  options: Readonly<Record<string, string>>,
  files: readonly string[] = [],
): string =>
  `#/new?${new URLSearchParams([
    ...files.map((file) => ["file", file]),
    ...Object.entries(options).map(([key, text]) => ["option", `${key}=${text}`]),
  ])}`;

/** Options of a training of a second. */
export const shortTraining = {
  max_minutes: "null",
  n_ipf: "1",
  num_iter: "20",
  first_num_iter: "20",
  num_steps: "4",
  "model.hidden": "8",
  threads: "1",
  loo: "false",
};
