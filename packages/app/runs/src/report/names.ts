// Names of source and target, as reports, cards and tables print them.
import { basename } from "node:path";
import { type DataFile, type EndpointRecord, timeTitle } from "../run/data-file.js";

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
 * Short names of source and target: files, groups of one file, or times of a course. Returns null without a target.
 */
export function endNames({ source, target, course }: DataFile): Names | null {
  const isOneFile = course?.datasets.every(({ path }) => path === source.path);
  if (course && isOneFile) {
    const times = course.datasets.map(({ label }) => timeTitle(course.name, label));
    return { source: times[0] as string, target: times.at(-1) as string };
  }
  const name = ({ path, group }: EndpointRecord) => group ?? basename(path);
  return target ? { source: name(source), target: name(target) } : null;
}
