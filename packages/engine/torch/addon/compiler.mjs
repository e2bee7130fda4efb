// Which C++ compiler is there?
import { execFileSync } from "node:child_process";
import process from "node:process";

/** Returns the C++ compiler: CXX, else the first of c++, g++ and clang++ that answers; null if none. */
export function findCompiler() {
  for (const words of process.env.CXX ? [process.env.CXX] : ["c++", "g++", "clang++"]) {
    const [name, ...args] = words.trim().split(/\s+/); // CXX="ccache g++" is common
    try {
      const options = { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] };
      const version = execFileSync(name, [...args, "--version"], options).split("\n")[0];
      return { name, args, version };
    } catch (error) {
      if (error.code !== "ENOENT" && typeof error.status !== "number") throw error;
    }
  }
  return null;
}
