// What memory there is, read from files as Linux has them with cgroups of version 1, of version 2, and without.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir, totalmem } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { memoryLimit } from "../src/index.js";

const GiB = 2 ** 30;
let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "dsbm-memory-"));
});
afterEach(() => rmSync(root, { recursive: true }));

function files(all: Record<string, string | number>) {
  for (const [path, text] of Object.entries(all)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), `${text}\n`);
  }
}
const meminfo = {
  "proc/meminfo": `MemTotal:       ${24 * 2 ** 20} kB\nMemFree: 1 kB\nMemAvailable:   ${20 * 2 ** 20} kB`,
};
const v2 = "35 25 0:30 / /sys/fs/cgroup rw,nosuid - cgroup2 cgroup2 rw,nsdelegate";
const v1 = (top = "/") => `36 25 0:31 ${top} /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory`;

it("is the machine's where no cgroup limits it", () => {
  files(meminfo);
  expect(memoryLimit(root)).toEqual({ total: 24 * GiB, available: 20 * GiB, by: "machine" });
  files({
    "proc/self/cgroup": "0::/user",
    "proc/self/mountinfo": v2,
    "sys/fs/cgroup/user/memory.max": "max",
    "sys/fs/cgroup/user/memory.current": 3 * GiB,
  });
  expect(memoryLimit(root)).toEqual({ total: 24 * GiB, available: 20 * GiB, by: "machine" });
});

it("is the smallest of the cgroups around the process (version 2), caches given up", () => {
  files({
    ...meminfo,
    "proc/self/cgroup": "0::/job/task",
    "proc/self/mountinfo": v2,
    "sys/fs/cgroup/job/memory.max": 6 * GiB,
    "sys/fs/cgroup/job/memory.current": 4 * GiB,
    "sys/fs/cgroup/job/memory.stat": `anon 1\ninactive_file ${GiB}`,
    "sys/fs/cgroup/job/task/memory.max": 8 * GiB,
    "sys/fs/cgroup/job/task/memory.current": GiB,
  });
  expect(memoryLimit(root)).toEqual({ total: 6 * GiB, available: 3 * GiB, by: "cgroup" });
  // Only the parent limits.
  files({ "sys/fs/cgroup/job/task/memory.max": "max" });
  expect(memoryLimit(root)).toEqual({ total: 6 * GiB, available: 3 * GiB, by: "cgroup" });
  files({ "sys/fs/cgroup/job/memory.max": "max", "sys/fs/cgroup/memory.max": 5 * GiB });
  expect(memoryLimit(root)).toMatchObject({ total: 5 * GiB, by: "cgroup" });
});

it("is that of version 1, also where a container sees its own group at the top of the mount", () => {
  files({
    ...meminfo,
    "proc/self/cgroup": "4:memory:/docker/1234\n3:cpu:/other",
    "proc/self/mountinfo": v1("/docker/1234"),
    "sys/fs/cgroup/memory/memory.limit_in_bytes": 6 * GiB,
    "sys/fs/cgroup/memory/memory.usage_in_bytes": 2 * GiB,
    "sys/fs/cgroup/memory/memory.stat": `total_inactive_file ${GiB}`,
  });
  expect(memoryLimit(root)).toEqual({ total: 6 * GiB, available: 5 * GiB, by: "cgroup" });
  files({ "proc/self/mountinfo": v1() }); // the path of the host, outside the mount
  expect(memoryLimit(root).total).toBe(6 * GiB);
  files({ "sys/fs/cgroup/memory/memory.limit_in_bytes": `${2n ** 63n - 4096n}` });
  expect(memoryLimit(root).by).toBe("machine");
});

it("is what the system says where there are no such files", () => {
  expect(memoryLimit(root).total).toBe(totalmem());
  const { total, available } = memoryLimit();
  expect(available).toBeGreaterThan(0);
  expect(available).toBeLessThanOrEqual(total);
});
