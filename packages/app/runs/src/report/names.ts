// Names of source and target, as reports, cards and tables print them.
import { basename } from "node:path";
import type { DataFile, EndpointRecord } from "../run/data-file.js";

/** The user's names of two datasets. */
export interface Names {
  source: string;
  target: string;
}

/** Names that tell source and target apart. */
export const distinctNames = ({ source, target }: Names): Names =>
  source === target
    ? { source: `${source} (source)`, target: `${target} (target)` }
    : { source, target };

/**
 * Short names of source and target: files, or groups of one file. Returns null without a target.
 */
export function endNames({ source, target }: DataFile): Names | null {
  const name = ({ path, group }: EndpointRecord) => group ?? basename(path);
  return target ? { source: name(source), target: name(target) } : null;
}
