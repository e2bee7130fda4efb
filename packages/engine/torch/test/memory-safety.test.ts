// Memory that was refused, replaced or promised too often: errors, never a shape without elements behind it.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { collectGarbage } from "../../../../test/support/collect.js";
import { native } from "../src/binding/native.js";
import * as T from "../src/index.js";
import { memoryGroups } from "../src/memory-limit.js";

const { call } = T.unsafe;

beforeEach(async () => {
  T.setNumThreads(1);
  await collectGarbage();
});
afterEach(() => T.setMemoryLimit(Number.POSITIVE_INFINITY));

describe("a program refuses held tensors", () => {
  const held = () => T.tensor([1, 2, 3, 4]);
  const record = (t: T.Tensor) =>
    T.Program.record((x) => x.add(t.view([2, 2])), [T.zeros([2, 2])]).program;
  const zero = () => T.zeros([2, 2]);

  it("whose memory set_ has replaced, and takes them when it is back", () => {
    const t = held();
    const same = t.detach();
    const program = record(t);
    call("aten::set_", "source_Tensor", t, T.tensor([5, 6, 7, 8]));
    expect(() => program.run(zero())).toThrow(/another shape, dtype, strides or memory.*record/);
    call("aten::set_", "source_Tensor", t, same);
    expect(program.run(zero())[0]?.toNumbers()).toEqual([1, 2, 3, 4]);
  });
});

it("grants together what the machine has, not each request for itself", () => {
  const { available } = T.memoryLimit();
  const chunk = 2 ** 28;
  const granted: T.Tensor[] = [];
  try {
    // Nothing is written to them: no counter of the kernel shows them.
    expect(() => {
      for (let i = 0; i <= (1.5 * available) / chunk; i++)
        granted.push(T.empty([chunk], { dtype: "uint8" }));
    }).toThrow(/available on this machine/);
    expect(granted.length * chunk).toBeLessThan(1.05 * available);
    expect(granted.length * chunk).toBeGreaterThan(0.5 * available);
  } finally {
    for (const t of granted) t.dispose();
  }
});

it.runIf(process.platform === "linux")("keeps the limits of cgroups", () => {
  const folder = mkdtempSync(join(tmpdir(), "dsbm-group-"));
  const file = (name: string, text: string) => {
    writeFileSync(join(folder, name), text);
    return join(folder, name);
  };
  const group = [
    file("memory.max", `${2 ** 30}\n`),
    file("memory.current", `${2 ** 30 - 2 ** 20}\n`),
    file("memory.stat", `anon 5\ninactive_file ${2 ** 20}\n`),
    "inactive_file",
  ];
  try {
    native.memoryGroups?.(group);
    expect(() => T.empty([2 ** 28])).toThrow(/are available on this machine/);
    file("memory.max", "max\n");
    T.empty([2 ** 26]).dispose();
  } finally {
    const groups = memoryGroups().map((g) => [g.limit, g.usage, g.stat, g.cache]);
    native.memoryGroups?.(groups.flat());
    rmSync(folder, { recursive: true });
  }
});
