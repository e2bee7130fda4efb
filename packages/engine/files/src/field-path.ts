import { existsSync } from "node:fs";
import { join } from "node:path";

const fieldEnding = /\.(nc|nc3|nc4|cdf|netcdf|zarr[\\/]*)$/i;

/** Whether a path has the ending of NetCDF or Zarr, or is a folder of Zarr. */
export function isFieldPath(path: string): boolean {
  if (fieldEnding.test(path)) return true;
  return [".zgroup", "zarr.json"].some((name) => existsSync(join(path, name)));
}
