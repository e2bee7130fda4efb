// The calls that a command makes, as the shim notes them, and a choice of them that covers as many different files as it can.
import { existsSync, readFileSync } from "node:fs";
import { basename, dirname } from "node:path";

/** Kinds of allocations, which have no file. */
export const memoryKinds = ["tensor", "block"];

/**
 * The calls of a log: kind, index among its kind in its process, path below `folder`, its later
 * name after a rename (`final`), the same without numbers (`what`), which identifies calls, and the
 * result that it belongs to (`makes`): a path in the call's folder, or the folder with a temporary
 * name.
 */
export function readCalls(log, folder) {
  if (!existsSync(log)) return [];
  const rows = readFileSync(log, "utf8").trimEnd().split("\n");
  const calls = rows.map((row) => {
    const [pid, kind, path, to] = row.split("\t").map((cell) => cell.replace(folder, "."));
    return { pid, kind, path, to };
  });
  const onFiles = calls.filter(({ kind }) => !memoryKinds.includes(kind));
  const counts = new Map();
  let at = 0;
  return calls.map(({ pid, kind, path, to }) => {
    const n = (counts.get(`${pid} ${kind}`) ?? 0) + 1;
    counts.set(`${pid} ${kind}`, n);
    if (memoryKinds.includes(kind)) return { kind, n, path, final: path, what: path, makes: [] };
    const final = to || finalOf(path, onFiles.slice(at));
    const what = final.replaceAll(/[0-9a-f]*\d[0-9a-f]*/g, "#");
    const makes = madeIn(path, pid, onFiles, at);
    at += 1;
    return { kind, n, path, final, what, makes };
  });
}

/**
 * What a process makes: in a folder that it opens or flushes what it has just renamed, or the way to its next file; with a file
 * the folder that is renamed with it.
 */
function madeIn(place, pid, calls, at) {
  const own = (some) => some.filter((call) => call.pid === pid);
  const isFolder = (path) => calls.some((call) => call.path.startsWith(`${path}/`));
  const whole = calls
    .slice(at)
    .find(({ kind, path }) => kind === "rename" && place.startsWith(`${path}/`))?.to;
  if (whole) return [basename(whole)];
  if (!isFolder(place)) return [];
  const to = own(calls.slice(0, at)).findLast(({ kind }) => kind === "rename")?.to;
  const made = to && dirname(to) === place ? [to] : [];
  const next = own(calls.slice(at)).find(({ path }) => !isFolder(path))?.path ?? "";
  const file = next && finalOf(next, calls.slice(at));
  for (let path = file; path.startsWith(`${place}/`); path = dirname(path)) made.push(path);
  return made;
}

/** The name of a file after the renames to come, of itself or of a folder above it. */
function finalOf(path, later) {
  for (const { kind, path: from, to } of later)
    if (kind === "rename" && to && (path === from || path.startsWith(`${from}/`)))
      return to + path.slice(from.length);
  return path;
}

/** At most `points` calls, evenly from the first to the last. */
export const spread = (calls, points) =>
  calls.filter(
    (_, k) =>
      Math.floor(((k + 1) * points) / calls.length) > Math.floor((k * points) / calls.length),
  );

/** At most `points` calls: the first one of each file, then the last, then those between. */
export function chosen(calls, points) {
  const groups = new Map();
  for (const call of calls) groups.set(call.what, [...(groups.get(call.what) ?? []), call]);
  const all = [...groups.values()];
  const first = all.map((group) => group[0]);
  const firstOfFiles =
    points < first.length
      ? Array.from({ length: points }, (_, i) => first[Math.floor((i * first.length) / points)])
      : first;
  const more = [
    ...all.flatMap((group) => group.slice(1).slice(-1)),
    ...all.flatMap((group) => group.slice(1, -1)),
  ];
  const isNew = new Set();
  return [...firstOfFiles, ...more]
    .filter(({ n }) => !isNew.has(n) && isNew.add(n))
    .slice(0, points)
    .sort((a, b) => a.n - b.n);
}
