// What other installed programs read of a NetCDF file.
import { execFileSync, spawnSync } from "node:child_process";

const python = `import json, sys, netCDF4
rain = netCDF4.Dataset(sys.argv[1])["pr"]
print(json.dumps({"shape": rain.shape, "units": rain.units, "missing": int(rain[:].mask.sum())}))`;

/** What netCDF4 of Debian's Python reads; null if it is not installed. */
export function readByPython(path: string): unknown {
  const program = "/usr/bin/python3";
  if (spawnSync(program, ["-c", "import netCDF4"]).status !== 0) return null;
  const { stdout } = spawnSync(program, ["-c", python, path], { encoding: "utf8" });
  return JSON.parse(stdout);
}

/** The header by ncdump; null without ncdump. */
export function headerByNcdump(path: string): string | null {
  try {
    return execFileSync("ncdump", ["-h", path], { encoding: "utf8" });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return null;
    throw error;
  }
}
