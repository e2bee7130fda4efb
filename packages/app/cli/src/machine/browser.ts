import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { program } from "./program.js";

function opener(): string | undefined {
  if (process.platform === "darwin") return "open";
  return process.env.DISPLAY || process.env.WAYLAND_DISPLAY ? "xdg-open" : undefined;
}

/** Opens an address in the browser, if there is a browser. */
export async function openBrowser(address: string): Promise<void> {
  const program = opener();
  if (program === undefined) return;
  // All users of a machine can read command lines. The address has the token, so a private file
  // passes it.
  const folder = mkdtempSync(join(tmpdir(), "dsbm-studio-"));
  const page = join(folder, "open.html");
  writeFileSync(page, `<!doctype html><meta http-equiv="refresh" content="0;url=${address}">\n`, {
    mode: 0o600,
  });
  await new Promise<void>((done) => {
    spawn(program, [page], { stdio: "ignore", detached: true })
      .on("error", () => done())
      .on("spawn", () => done())
      .unref();
  });
  setTimeout(() => rmSync(folder, { recursive: true, force: true }), 20_000).unref();
}

/** Starts the studio next to a run and prints its address, or the reason for failure. */
export async function showBeside(folder: string): Promise<void> {
  // Only the first process of a run.
  if (Number(process.env.RANK ?? process.env.SLURM_PROCID ?? 0) > 0) return;
  console.error(`studio: ${await startBeside(folder)}`);
}

function startBeside(folder: string): Promise<string> {
  mkdirSync(folder, { recursive: true });
  const child = spawn(process.execPath, [program, "studio", folder, "--open", "--beside"], {
    stdio: ["ignore", "ignore", "pipe", "ipc"],
    detached: true, // Ctrl-C is meant for the run
  });
  let said = "";
  child.stderr?.on("data", (text) => {
    said += text;
  });
  return new Promise((done) => {
    const settle = (text: string) => {
      child.unref();
      child.channel?.unref();
      child.stderr?.destroy();
      done(text);
    };
    child.once("message", (message) => settle((message as { address: string }).address));
    child.once("error", (error) => settle(error.message));
    child.once("exit", () => settle(said.trim() || "it ended at once"));
  });
}
