// The addon stays thin: what can be TypeScript is TypeScript.
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";

const native = fileURLToPath(new URL("../../packages/engine/torch/native/", import.meta.url));
/** What binds c10d's classes, for several processes, and the store that these meet at. */
const distributed = ["distributed.cc", "distributed.h", "store.cc", "gradient_hook.cc"];
/** What ends a process in the middle of native work. */
const signals = ["signals.cc"];
/** Kernels that are not PyTorch's. */
const kernels = [
  ...["adam.cc", "brownian.cc", "dense.cc", "kernels.cc", "kernels.h", "norm.cc"],
  ...["sinkhorn.cc", "squared-error.cc", "vectorised.h", "winograd.cc"],
];
/** What lays a recorded program open, for export. */
const described = ["describe.cc"];
/** What counts memory, checks that there is enough, and plans that of replays. */
const memory = ["allocator.cc", "planned.cc", "planned.h"];

/** Lines of code: neither blank nor comments. */
const lines = (file: string) =>
  readFileSync(native + file, "utf8")
    .split("\n")
    .filter((line) => !/^\s*(\/\/|$)/.test(line)).length;
const sum = (files: readonly string[]) => files.reduce((n, file) => n + lines(file), 0);

it("the engine has at most 1,685 lines of C++, what binds c10d at most 490, signals at most 80, kernels of our own at most 1,250, the description of programs at most 60, memory at most 350", () => {
  const files = readdirSync(native).filter((name) => /\.(cc|h)$/.test(name));
  expect(files.length).toBeGreaterThan(10);
  const apart = [...distributed, ...signals, ...kernels, ...described, ...memory];
  expect(sum(files.filter((name) => !apart.includes(name)))).toBeLessThanOrEqual(1685);
  expect(sum(distributed)).toBeLessThanOrEqual(490);
  expect(sum(signals)).toBeLessThanOrEqual(80);
  expect(sum(kernels)).toBeLessThanOrEqual(1250);
  expect(sum(described)).toBeLessThanOrEqual(60);
  expect(sum(memory)).toBeLessThanOrEqual(350);
});
