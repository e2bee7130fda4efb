// Which libtorch is the addon built against? LIBTORCH first, then Debian's, then the one inside a
// pip-installed torch. The native build and `dsbm doctor` ask here, so both always agree.
import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import process from "node:process";

const librarySuffix = process.platform === "darwin" ? "dylib" : "so";
const MULTIARCH = {
  x64: "x86_64-linux-gnu",
  arm64: "aarch64-linux-gnu",
  ppc64: "powerpc64le-linux-gnu",
};

/** Sub-folders of /usr/lib that hold this machine's libraries, its own multiarch name first. */
function libraryFolders() {
  const own = MULTIARCH[process.arch];
  const found = existsSync("/usr/lib")
    ? readdirSync("/usr/lib").filter((name) => name.includes("-linux-gnu"))
    : [];
  const rank = (name) => (name === own ? 0 : 1);
  return [
    ...found.sort((a, b) => rank(a) - rank(b)).map((name) => join("/usr/lib", name)),
    "/usr/lib",
  ];
}

/**
 * Finds the folder of the OpenBLAS that shares OpenMP's threads with libtorch, or null.
 * Debian's default variant has threads of its own that compete with libtorch's.
 */
export function findBlas() {
  if (process.platform !== "linux") return null;
  const folders = libraryFolders().map((folder) => join(folder, "openblas-openmp"));
  return folders.find((folder) => existsSync(join(folder, "libopenblas.so.0"))) ?? null;
}

/** Reads "2.6.0" from libtorch's own header; null if the header is missing or says nothing. */
function readVersion(apiInclude) {
  const file = join(apiInclude, "torch", "version.h");
  if (!existsSync(file)) return null;
  const text = readFileSync(file, "utf8");
  const part = (name) => text.match(new RegExp(`#define TORCH_VERSION_${name} (\\d+)`))?.[1];
  const parts = ["MAJOR", "MINOR", "PATCH"].map(part);
  return parts.includes(undefined) ? null : parts.join(".");
}

/** True if libc10's own symbols take C++11 strings: our objects must be compiled alike. */
function usesCxx11Abi(libFolder) {
  if (process.platform !== "linux") return true;
  const symbols = readFileSync(join(libFolder, `libc10.${librarySuffix}`), "latin1");
  return /_ZNK?3c10\w*NSt7__cxx1112basic_string/.test(symbols);
}

/** Describes the libtorch below `root`, or returns null if headers or libraries are missing. */
function describe(kind, root) {
  const include = join(root, "include");
  const api = ["torch/csrc/api/include", "include"].map((sub) => join(include, sub));
  const apiInclude = api.find((folder) => existsSync(join(folder, "torch", "torch.h")));
  const here = ["lib", "lib64"].map((sub) => join(root, sub));
  const libs = root === "/usr" ? libraryFolders() : here;
  const lib = libs.find((folder) => existsSync(join(folder, `libtorch_cpu.${librarySuffix}`)));
  if (!lib || !apiInclude || !existsSync(join(include, "ATen", "ATen.h"))) return null;
  // A wheel carries an OpenMP of its own under a hashed name: a second one would mean two pools.
  const openmp =
    root === "/usr" ? undefined : readdirSync(lib).find((name) => /^libgomp.*\.so/.test(name));
  return {
    kind,
    root,
    include: root === "/usr" ? [apiInclude] : [include, apiInclude],
    lib: [lib],
    version: readVersion(apiInclude),
    cxx11Abi: usesCxx11Abi(lib),
    cuda: existsSync(join(lib, `libtorch_cuda.${librarySuffix}`)),
    openmp: openmp ? join(lib, openmp) : null,
  };
}

/** Asks python3 for the folder of its torch package; null if it has none. */
function askPython() {
  const program = "import torch, os; print(os.path.dirname(torch.__file__))";
  try {
    const options = { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] };
    return execFileSync("python3", ["-c", program], options).trim();
  } catch (error) {
    if (error.code === "ENOENT" || typeof error.status === "number") return null;
    throw error;
  }
}

/**
 * Finds libtorch: LIBTORCH, then Debian's libtorch-dev, then `python3 -c "import torch"`.
 * Returns { kind: "env" | "debian" | "pip", root, include, lib, version, cxx11Abi, cuda, openmp }
 * with absolute folders. Throws one line where LIBTORCH names no libtorch or none is found.
 */
export function findLibtorch() {
  if (process.env.LIBTORCH) {
    const root = resolve(process.env.LIBTORCH);
    const found = describe("env", root);
    if (found) return found;
    throw new Error(
      `LIBTORCH=${process.env.LIBTORCH} holds no libtorch (expected include/ATen/ATen.h and ` +
        `lib/libtorch_cpu.${librarySuffix} below it): correct it, or unset it to use the system's.`,
    );
  }
  const debian = process.platform === "linux" ? describe("debian", "/usr") : null;
  if (debian) return debian;
  const folder = askPython();
  const pip = folder ? describe("pip", folder) : null;
  if (pip) return pip;
  throw new Error(
    "no libtorch found (looked at LIBTORCH, /usr and python3's torch): " +
      "`apt-get install libtorch-dev`, or set LIBTORCH to an unpacked libtorch.",
  );
}

/** The folder that a linked program needs to find its libraries again, BLAS first. */
export function runPath(libtorch, blas) {
  return [blas, ...libtorch.lib, libtorch.openmp && dirname(libtorch.openmp)].filter(
    (folder, index, all) => folder && all.indexOf(folder) === index,
  );
}
