// The packages that only the system can give: libtorch, the BLAS that shares its threads, a compiler.
import { existsSync } from "node:fs";
import process from "node:process";
import { findCompiler } from "../build-native.mjs";
import { findBlas, findLibtorch } from "../find-libtorch.mjs";
import { attempt, must, SetupError } from "./command.mjs";

/** What a bare Debian lacks. */
export const PACKAGES = {
  compiler: "g++",
  libtorch: "libtorch-dev",
  blas: "libopenblas0-openmp",
  gloo: "libgloo-dev",
};

/** Lists the Debian packages that this machine lacks; [] where another libtorch is used and g++ is there. */
export function missingPackages() {
  const missing = findCompiler() ? [] : [PACKAGES.compiler];
  if (process.platform !== "linux" || process.env.LIBTORCH) return missing;
  let libtorch = null;
  try {
    libtorch = findLibtorch();
  } catch (error) {
    if (!/no libtorch found/.test(error.message)) throw error;
  }
  if (libtorch?.kind === "pip") return missing; // it brings its own BLAS and Gloo
  if (!libtorch) missing.push(PACKAGES.libtorch);
  if (!findBlas()) missing.push(PACKAGES.blas);
  if (!existsSync("/usr/include/gloo/config.h")) missing.push(PACKAGES.gloo);
  return missing;
}

/** The words that must stand before apt-get, or null when nobody here may install anything. */
async function privilege() {
  const env = ["env", "DEBIAN_FRONTEND=noninteractive"];
  if (process.getuid?.() === 0) return env;
  return (await attempt("sudo", ["-n", "true"])).code === 0 ? ["sudo", "-n", ...env] : null;
}

/**
 * Installs what is missing with apt-get. Throws a SetupError with the exact command where it may not,
 * and with the way out on systems that are not Debian's.
 */
export async function installSystem(missing, log) {
  const command = `apt-get install -y --no-install-recommends ${missing.join(" ")}`;
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
    await must(program, apt("update"));
  }
  const install = apt("install", "--no-install-recommends", ...missing);
  const size = missing.includes(PACKAGES.libtorch) ? " (about 250 MB, some minutes)" : "";
  log(`apt-get install ${missing.join(" ")}${size}`);
  let result = await attempt(program, install);
  if (result.code !== 0 && !unknown) {
    // the package lists may be older than the archive
    await must(program, apt("update"));
    result = await attempt(program, install);
  }
  if (result.code !== 0)
    throw new SetupError(`\`${command}\` ended with ${result.code}`, result.output);
}
