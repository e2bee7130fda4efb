// Arguments with a default: by position or by name as in PyTorch, and never lost.
import { beforeEach, describe, expect, it } from "vitest";
import { parse } from "../../../../../scripts/fuzz/schema.mjs";
import * as T from "../../src/index.js";

beforeEach(() => T.setNumThreads(1));

type Wrapper = (...args: unknown[]) => unknown;
const camel = (name: string) =>
  name.replace(/([a-z0-9])_([a-z0-9])/g, (_, a, b) => a + b.toUpperCase());
const wrapperOf = (name: string, self: T.Tensor): Wrapper | undefined => {
  const method = Reflect.get(T.Tensor.prototype, camel(name)) as Wrapper | undefined;
  return method && ((...args) => method.apply(self, args));
};
const numbers = (result: unknown): unknown =>
  result instanceof T.Tensor
    ? [result.shape, result.toNumbers()]
    : (result as unknown[]).map(numbers);

/** Methods whose first argument is a dimension and that no further argument requires, with the overload that takes it. */
const ofDimension = Object.entries(T.callable).flatMap(([full, overloads]) =>
  overloads.flatMap((overload) => {
    const schema = T.schemas(full)
      .map(parse)
      .find((one) => one?.overload === overload);
    const [, dim, ...rest] = (schema?.args ?? []) as {
      name: string;
      type: string;
      optional: boolean;
    }[];
    const isFirst = dim?.name === "dim" && rest.every((arg) => arg.optional);
    return isFirst ? [[full.slice("aten::".length), overload, dim.type, rest] as const] : [];
  }),
);

describe("a dimension", () => {
  it("is the first argument of all reductions", () => {
    const names = ofDimension.map(([name]) => name);
    for (const name of "sum mean std var amax amin argmax argmin prod max min median all any logsumexp nansum nanmean std_mean var_mean count_nonzero".split(
      " ",
    ))
      expect(names).toContain(name);
  });

  it.each(ofDimension)(
    "of %s.%s is taken by position and by name",
    (name, overload, type, rest) => {
      T.manualSeed(3);
      const x = T.randn([2, 3, 4]);
      const self = name === "glu" ? x.select(1, 0) : x;
      const wrapper = wrapperOf(name, self);
      if (!wrapper) return expect(T.callable[`aten::${name}`]).toContain(overload); // for `call` alone
      const wanted = numbers(T.call(`aten::${name}`, overload, self, type.includes("[") ? [1] : 1));
      expect(numbers(wrapper(1))).toEqual(wanted);
      if (type.includes("[")) expect(numbers(wrapper([1]))).toEqual(wanted);
      if (rest.length === 0 && !type.includes("?")) return; // no options
      expect(numbers(wrapper({ dim: 1 }))).toEqual(wanted);
      if (!rest.some((arg) => arg.name === "keepdim")) return;
      const kept = numbers(wrapper(1, { keepdim: true }));
      expect(kept).not.toEqual(wanted);
      expect(numbers(wrapper({ dim: 1, keepdim: true }))).toEqual(kept);
      expect(() => wrapper(1, { keepDim: true })).toThrow(
        /the option "keepDim"; expected .*keepdim/,
      );
    },
  );

  it.each(["std", "var", "amax", "argmax"])("of %s() keeps the others", (name) => {
    const reduce = wrapperOf(name, T.ones([3, 4])) as (dim?: number) => T.Tensor;
    expect([reduce(0).shape, reduce().shape]).toEqual([[4], []]);
  });
});

const callsByPosition: [string, () => T.Tensor, () => T.Tensor][] = [
  [
    "clamp(min, max)",
    () => T.arange(0, 5).clamp(1, 3),
    () => T.arange(0, 5).clamp({ min: 1, max: 3 }),
  ],
  [
    "cat(tensors, dim)",
    () => T.cat([T.ones([2, 1]), T.ones([2, 2])], 1),
    () => T.cat([T.ones([2, 1]), T.ones([2, 2])], { dim: 1 }),
  ],
  [
    "stack(tensors, dim)",
    () => T.stack([T.ones([2]), T.zeros([2])], -1),
    () => T.stack([T.ones([2]), T.zeros([2])], { dim: -1 }),
  ],
  [
    "topk(k, dim, largest)",
    () => T.eye(3).topk(2, 0, false)[0],
    () => T.eye(3).topk(2, { dim: 0, largest: false })[0],
  ],
  ["sum(dim, keepdim)", () => T.eye(3).sum(0, true), () => T.eye(3).sum(0, { keepdim: true })],
  [
    "flatten(start, end)",
    () => T.ones([2, 3, 4]).flatten(0, 1),
    () => T.ones([2, 3, 4]).flatten({ startDim: 0, endDim: 1 }),
  ],
];
it.each(callsByPosition)("%s takes defaults by position", (_, placed, named) => {
  expect(numbers(placed())).toEqual(numbers(named()));
});

describe.each(T.generatedOps.map((op) => [op.name, op] as const))(
  "%s",
  (name, { method, most, options }) => {
    const refused = (...args: unknown[]) => {
      const self = T.ones([2, 2]);
      const target = (
        method ? Reflect.get(T.Tensor.prototype, name) : Reflect.get(T, name)
      ) as Wrapper;
      expect(() => target.apply(self, args)).toThrow(
        expect.objectContaining({
          code: "ERR_TORCH_OPTION",
          message: expect.stringContaining(`${name}(`),
        }),
      );
    };
    it("refuses an argument too many and a name that it does not know", () => {
      const args = new Array<number>(most).fill(1);
      refused(...args, 1);
      if (options.length > 0) refused(...args, { no_such_option: 1 });
    });
  },
);

it("an option is given once, and by a plain object", () => {
  const x = T.ones([2, 3]);
  const std =
    (...args: unknown[]) =>
    () =>
      Reflect.apply(x.std, x, args);
  expect(std(0, { dim: 1 })).toThrow(/"dim" by position and by name/);
  for (const odd of [new Map([["dim", 0]]), new Date(), "0", true])
    expect(std(odd)).toThrow(T.TorchError);
  expect(numbers(std(undefined, { keepdim: true })())).toEqual(numbers(x.std({ keepdim: true })));
  expect(numbers(std(null)())).toEqual(numbers(x.std()));
});
