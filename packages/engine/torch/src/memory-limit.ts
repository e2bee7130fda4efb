// The memory that this process may use: the kernel's, or less by a cgroup (container, Slurm, systemd).
import { existsSync, readFileSync } from "node:fs";
import { freemem, totalmem } from "node:os";
import { dirname, join } from "node:path";

/** Memory that this process may use, in bytes. */
export interface MemoryLimit {
  /** All that this process may ever use. */
  total: number;
  /** What it may use now. */
  available: number;
  /** Which of the two sets `available`. */
  by: "machine" | "cgroup";
}

/** The files of one cgroup, of version 1 or 2; `cache` is the line of `stat` that the kernel would give up. */
export interface MemoryGroup {
  limit: string;
  usage: string;
  stat: string;
  cache: string;
}

const versions = [
  {
    type: "cgroup2",
    option: "",
    files: { limit: "memory.max", usage: "memory.current", cache: "inactive_file" },
  },
  {
    type: "cgroup",
    option: "memory",
    files: {
      limit: "memory.limit_in_bytes",
      usage: "memory.usage_in_bytes",
      cache: "total_inactive_file",
    },
  },
] as const;

function read(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}

/** The memory cgroups around this process, the innermost first; none on other systems than Linux. */
export function memoryGroups(root = "/"): MemoryGroup[] {
  // `4:memory:/job` for version 1, `0::/job` for version 2.
  const places = new Map(
    read(join(root, "proc/self/cgroup"))
      .split("\n")
      .flatMap((line) => {
        const [, names, path] = /^\d+:([^:]*):(.+)$/.exec(line) ?? [];
        if (names === undefined || path === undefined) return [];
        return names.split(",").map((name): [string, string] => [name, path]);
      }),
  );
  return read(join(root, "proc/self/mountinfo"))
    .split("\n")
    .flatMap((line) => {
      const [mount = "", rest = ""] = line.split(" - ");
      const [, , , top = "/", point = "/"] = mount.split(" ");
      const [type, , options = ""] = rest.split(" ");
      const version = versions.find(
        (v) => v.type === type && (v.option === "" || options.split(",").includes(v.option)),
      );
      const path = version && places.get(version.option);
      if (!version || path === undefined) return [];
      const base = join(root, point);
      const group = path === top ? "/" : path.startsWith(`${top}/`) ? path.slice(top.length) : path;
      const groups: MemoryGroup[] = [];
      for (let at = join(base, group); at.startsWith(base); at = dirname(at)) {
        const { limit, usage, cache } = version.files;
        // A container sees its own group at the mount's top only.
        if (existsSync(join(at, limit)))
          groups.push({
            limit: join(at, limit),
            usage: join(at, usage),
            cache,
            stat: join(at, "memory.stat"),
          });
        if (at === dirname(at)) break;
      }
      return groups;
    });
}

/** The memory that this process may still use, by the machine and its cgroups. `root` replaces the root folder. */
export function memoryLimit(root = "/"): MemoryLimit {
  const kib = (key: string) =>
    Number(new RegExp(`^${key}:\\s+(\\d+) kB`, "m").exec(info)?.[1]) * 1024 || undefined;
  const info = read(join(root, "proc/meminfo"));
  const limitOfMachine: MemoryLimit = {
    total: kib("MemTotal") ?? totalmem(),
    available: kib("MemAvailable") ?? freemem(),
    by: "machine",
  };
  for (const { limit, usage, stat, cache } of memoryGroups(root)) {
    const total = Number.parseInt(read(limit), 10); // "max" is none
    if (!(total < 2 ** 60)) continue;
    const reclaimable = Number(new RegExp(`^${cache} (\\d+)`, "m").exec(read(stat))?.[1] ?? 0);
    const left = Math.max(0, total - (Number.parseInt(read(usage), 10) || 0) + reclaimable);
    limitOfMachine.total = Math.min(limitOfMachine.total, total);
    if (left >= limitOfMachine.available) continue;
    limitOfMachine.available = left;
    limitOfMachine.by = "cgroup";
  }
  return limitOfMachine;
}
