// The addon stays thin: what can be TypeScript is TypeScript.
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { wordsOf } from "../support/words.js";

const native = fileURLToPath(new URL("../../packages/engine/torch/native/", import.meta.url));
const files = readdirSync(native).filter((name) => /\.(cc|h)$/.test(name));

const nativeParts: [what: string, most: number, names: string[]][] = [
  ["c10d", 270, wordsOf("distributed.cc distributed.h store.cc")],
  ["signals", 40, ["signals.cc"]],
  [
    "our own kernels",
    1085,
    wordsOf(
      `adam.cc brownian.cc dense.cc kernels.cc kernels.h norm.cc sinkhorn.cc vectorised.h winograd.cc`,
    ),
  ],
  ["the description of programs", 45, ["describe.cc"]],
  ["memory", 315, wordsOf("allocator.cc planned.cc planned.h")],
];
const namedFiles = nativeParts.flatMap(([, , names]) => names);

it.each([...nativeParts, ["the rest", 1545, files.filter((name) => !namedFiles.includes(name))]])(
  "%s has at most %i lines of C++",
  (_, most, names) => {
    const lines = names
      .flatMap((name) => readFileSync(native + name, "utf8").split("\n"))
      .filter((line) => !/^\s*(\/\/|$)/.test(line));
    expect(lines.length).toBeGreaterThan(10);
    expect(lines.length).toBeLessThanOrEqual(most);
  },
);
