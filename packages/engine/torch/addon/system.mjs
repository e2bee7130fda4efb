// The packages that only the system can give: libtorch, the BLAS that shares its threads, a compiler.
import { existsSync } from "node:fs";
import process from "node:process";
import { findCompiler } from "./compiler.mjs";
import { findBlas, findLibtorch } from "./find-libtorch.mjs";

/** What a bare Debian lacks. */
export const PACKAGES = {
  compiler: "g++",
  libtorch: "libtorch-dev",
  blas: "libopenblas0-openmp",
  gloo: "libgloo-dev",
};

/** Lists the Debian packages that this machine lacks; [] where another libtorch is used and g++ is there.
 * Without its BLAS the engine is slow, but can be built. */
export function missingPackages({ blas = true } = {}) {
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
  if (blas && !findBlas()) missing.push(PACKAGES.blas);
  if (!existsSync("/usr/include/gloo/config.h")) missing.push(PACKAGES.gloo);
  return missing;
}

/** The command that installs packages on Debian. */
export const aptCommand = (packages) =>
  `apt-get install -y --no-install-recommends ${packages.join(" ")}`;
