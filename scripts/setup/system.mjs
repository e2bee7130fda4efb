// Installs the engine's system packages, if this user may.
import { existsSync } from "node:fs";
import process from "node:process";
import { aptCommand, PACKAGES } from "../../packages/engine/torch/addon/system.mjs";
import { attempt, runOrThrow, SetupError } from "./command.mjs";

/** The prefix for apt-get, or null if nobody here may install anything. */
async function privilege() {
  const env = ["env", "DEBIAN_FRONTEND=noninteractive"];
  if (process.getuid?.() === 0) return env;
  return (await attempt("sudo", ["-n", "true"])).code === 0 ? ["sudo", "-n", ...env] : null;
}

/**
 * Installs missing packages with apt-get.
 * @throws {SetupError} with the exact command if it may not, and with a solution for systems other than Debian.
 */
export async function installSystem(missing, log) {
  const command = aptCommand(missing);
  if (!existsSync("/etc/debian_version")) {
    throw new SetupError(
      "a C++ compiler and libtorch are needed: install a compiler, unpack libtorch or pip install torch, " +
        "set LIBTORCH to its folder, and run this again.",
    );
  }
  const words = await privilege();
  if (!words) {
    throw new SetupError(`this user may not install packages; run as root: ${command}`);
  }
  const [program, ...before] = words;
  const options = ["-o", "DPkg::Lock::Timeout=300", "-y", "-q"];
  const apt = (...args) => [...before, "apt-get", ...options, ...args];
  const known = await Promise.all(missing.map((name) => attempt("apt-cache", ["show", name])));
  const unknown = known.some(({ code }) => code !== 0);
  if (unknown) {
    log("apt-get update");
    await runOrThrow(program, apt("update"));
  }
  const install = apt("install", "--no-install-recommends", ...missing);
  const size = missing.includes(PACKAGES.libtorch) ? " (about 250 MB, some minutes)" : "";
  log(`apt-get install ${missing.join(" ")}${size}`);
  let result = await attempt(program, install);
  if (result.code !== 0 && !unknown) {
    // the package lists may be older than the archive
    await runOrThrow(program, apt("update"));
    result = await attempt(program, install);
  }
  if (result.code !== 0)
    throw new SetupError(`\`${command}\` ended with ${result.code}`, result.output);
}
