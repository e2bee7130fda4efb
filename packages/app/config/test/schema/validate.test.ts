import { describe, expect, it } from "vitest";
import { z } from "zod";
import { validate } from "../../src/schema/validate.js";
import type { Tree } from "../../src/tree.js";
import { thrownError } from "../thrown.js";

const schema = z.strictObject({
  dim: z.int().min(1).default(5).describe("dimensions"),
  lr: z.number().positive().default(1e-4).describe("learning rate"),
  ema: z.boolean().default(false).describe("average the weights"),
  kind: z.enum(["x", "y"]).default("x").describe("which kind"),
  clip: z
    .number()
    .max(10)
    .nullable()
    .default(null)
    .meta({ description: "clip", examples: [1] }),
  share: z
    .boolean()
    .nullable()
    .default(null)
    .meta({ description: "share", examples: [true] }),
  seq: z
    .array(z.enum(["b", "f"]))
    .min(1)
    .default(["b"])
    .describe("order"),
  net: z.strictObject({
    width: z.int().default(64).describe("width of the layers"),
    name: z.string().describe("name of the network"),
  }),
});
const validTree: Tree = { net: { name: "mlp" } };
const problems = (input: Tree) =>
  thrownError(() => validate(schema, { ...validTree, ...input })).problems;

describe("validate", () => {
  it("checks keys together after each key alone is valid", () => {
    const check = ({ dim }: { dim: number }) => (dim > 9 ? ["dim is too big", "really"] : []);
    expect(validate(schema, validTree, check).dim).toBe(5);
    const error = thrownError(() => validate(schema, { ...validTree, dim: 10 }, check));
    expect(error.code).toBe("value");
    expect(error.message).toBe("dim is too big\nreally");
    const unknown = thrownError(() => validate(schema, { ...validTree, dim: 10, q: 1 }, check));
    expect(unknown.code).toBe("unknown_key");
  });

  it("has one line for any value", () => {
    const [line = ""] = problems({ kind: `a\nb${"c".repeat(500)}` });
    expect(line).toContain('got "a\\nb');
    expect(line.length).toBeLessThan(200);
  });
});

describe("groups of several shapes", () => {
  const small = z.strictObject({
    kind: z.literal("small").describe("which"),
    width: z.int().default(8).describe("width"),
  });
  const large = z.strictObject({
    kind: z.literal("large"),
    width: z.int().default(64).describe("width"),
    depth: z.int().default(3).describe("depth"),
  });
  const shaped = z.strictObject({
    net: z.discriminatedUnion("kind", [small, large]).prefault({ kind: "small" }),
  });
  const lines = (net: Tree) => thrownError(() => validate(shaped, { net })).problems;

  it.each<[Tree, string]>([
    [
      { kind: "large", width: "a" },
      'net.width: expected an integer, got "a"; write for example net.width=64',
    ],
    [
      { kind: "small", width: "a" },
      'net.width: expected an integer, got "a"; write for example net.width=8',
    ],
    [
      { kind: "small", depth: 3 },
      "net.depth is a key of large, got small: leave it out, or choose another net",
    ],
    [{ kind: "large", dept: 3 }, 'unknown key "net.dept": did you mean "net.depth"?'],
    [{ kind: "small", dept: 3 }, 'unknown key "net.dept": --help lists all keys'],
    [
      { kind: "huge" },
      'net.kind: expected small or large, got "huge"; write for example net.kind=small',
    ],
    [
      { width: 5 },
      "net.kind: expected small or large, got nothing; write for example net.kind=small",
    ],
  ])("%j", (net, line) => expect(lines(net)).toEqual([line]));
});
