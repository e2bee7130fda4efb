// `dsbm profile`: what it prints of a profile, its trace, and that a command under it does what it does by itself.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { ones, type Profile, tidy } from "@dsbm/torch";
import { afterEach, expect, it, vi } from "vitest";
import { scratch } from "../../../../test/support/scratch.js";
import { profileCommand, report } from "../src/command/profile.js";

const folder = scratch();
afterEach(() => void vi.restoreAllMocks());

const rates = { float32: 100e9, bfloat16: 200e9 };
const around = { seconds: 2, rates, threads: 1 };
const operation = (
  name: string,
  seconds: number,
  flop = 0,
  operands = "float32[2, 2]",
  calls = 100,
) => ({
  name,
  operands,
  calls,
  seconds,
  flop,
});
const profileOf = (...operations: Profile["operations"]): Profile => ({ operations, trace: [] });

it("prints operations by name, the longest first, beside the machine's rate in their dtype", () => {
  const text = report(
    profileOf(
      operation("aten::mm", 1, 50e9),
      operation("aten::mm", 0.25, 30e9, "bfloat16[2, 2]"),
      operation("aten::add.Tensor", 0.5),
      operation("aten::add.Tensor", 0.25),
    ),
    around,
  );
  expect(text).toMatch(/^aten::mm +100 +1\.000 +50 % +10000\.0 +50\.0 +50 %/m);
  expect(text).toMatch(/^aten::mm \(bfloat16\) .* 120\.0 +60 %/m);
  expect(text).toMatch(/^aten::add\.Tensor +200 +0\.750 +38 %/m);
  expect(text).toMatch(
    /operations: 2\.00 s, summed over threads, of 2\.00 s in all; .* 100 GFLOP\/s in float32, 200 /,
  );
});

it("runs a command with its words, gives its exit code, and writes the trace", async () => {
  const said: string[] = [];
  vi.spyOn(console, "log").mockImplementation((text) => void said.push(text));
  const trace = join(folder, "trace.json");
  const code = await profileCommand([`trace=${trace}`, "some", "words"], async (words) => {
    expect(words).toEqual(["some", "words"]);
    for (let i = 0; i < 50; i++) tidy(() => ones([64, 64]).mm(ones([64, 64])));
    return 3;
  });
  expect(code).toBe(3);
  const { traceEvents } = JSON.parse(readFileSync(trace, "utf8"));
  const products = traceEvents.filter(({ name }: { name: string }) => name === "aten::mm");
  expect(products).toHaveLength(50);
  expect(said.join("\n")).toMatch(/aten::mm +50 /);
  const nothing = await profileCommand(["runs"], async () => 0);
  expect([nothing, said.at(-1)]).toEqual([0, expect.stringContaining("no tensor operation")]);
  const refused = (...words: string[]) => expect(profileCommand(words, async () => 0)).rejects;
  await refused().toThrow("got no command");
  await refused("profile", "x").toThrow("expected dsbm profile");
});
