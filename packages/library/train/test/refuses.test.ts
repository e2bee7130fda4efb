// What a problem is refused for: one line that names the field and says what to write.
import {
  BridgeError,
  brownian,
  chainEndpoints,
  chainOf,
  type EndpointConditions,
  type Method,
  methods,
  minibatchExact,
  uniformGrid,
} from "@dsbm/bridge";
import { randn, tensor } from "@dsbm/torch";
import { describe, expect, it } from "vitest";
import { generatorOf } from "../../../../test/support/numbers.js";
import { Sampler } from "../src/sampler/sampler.js";
import { Training } from "../src/training.js";
import { type Fields, network, tinyProblem, train } from "./support.js";

const rows = (shape: number[], seed = 1) => randn(shape, { generator: generatorOf(seed) });
const classes = (values: readonly number[]) => ({ y: tensor(BigInt64Array.from(values, BigInt)) });
const eightClasses = [0, 0, 0, 0, 1, 1, 1, 1];
/** Eight rows an end with classes, matched. */
const matchConditions = (conditions: EndpointConditions, changes: Fields = {}) => ({
  data: { x0: rows([8, 2]), x1: rows([8, 2], 2), conditions },
  batchSize: 4,
  matchConditions: true,
  ...changes,
});
const giveConditions = (conditions: EndpointConditions) => ({
  data: { x0: rows([8, 2]), x1: rows([8, 2], 2), conditions },
});
const ofBoth = { x0: classes(eightClasses), x1: classes(eightClasses) };
const pairs = (x0: number[], x1: number[]) => ({
  x0: Int32Array.from(x0),
  x1: Int32Array.from(x1),
});
const wrongValue = (value: unknown) => value as never;
const cache = { folder: "unused", npar: 64, batchSize: 32, refreshStride: 4 };
const { dsbm, dsb_increments: dsb } = methods;
const chain = chainEndpoints(
  [1, 2, 3].map((seed) => ({ x: rows([96, 2], seed) })),
  chainOf([0, 0.5, 1]),
);

const table: [message: RegExp, fields: Fields, method?: unknown][] = [
  // Sizes and schedules.
  [/^batchSize is 97, but there are only 96 samples/, { batchSize: 97 }],
  [/^batchSize is 2.5; expected an integer/, { batchSize: 2.5 }],
  [/^halfIterations is 0/, { halfIterations: 0 }],
  [/^sequence is empty/, { sequence: [] }],
  [/the sequence must alternate between b and f/, { sequence: ["b"] }, dsb],
  [/^cache.npar is 15, fewer pairs than the 32 of one batch/, { cache: { ...cache, npar: 15 } }],
  [/^cache.refreshStride is 0.5/, { cache: { ...cache, refreshStride: 0.5 } }],
  [/learning rate is NaN/, { lr: Number.NaN }],
  // Data.
  [/there are no samples \(0 and 5\)/, { data: { x0: rows([0, 2]), x1: rows([5, 2]) } }],
  [/x1 has values that are NaN/, { data: { x0: rows([40, 2]), x1: rows([40, 2]).log() } }],
  [
    /samples of x0 have shape \[2\], samples of x1 \[3\]/,
    { data: { x0: rows([40, 2]), x1: rows([40, 3]) } },
  ],
  [
    /^data: x0 is an array; expected a tensor/,
    { data: { x0: wrongValue([[1, 2]]), x1: rows([40, 2]) } },
  ],
  [
    /^data\.x0 is float64.*dtype: "float32"/,
    { data: { x0: rows([40, 2]).to("float64"), x1: rows([40, 2]) } },
  ],
  [
    /trained on no pairs; leave them out/,
    { data: { ...tinyProblem(dsbm).data, pairs: pairs([1], [1]) } },
    dsb,
  ],
  [
    /^pairs: row 1 of x0 is in two pairs/,
    { data: { ...tinyProblem(dsbm).data, pairs: pairs([1, 1], [1, 2]) } },
  ],
  // Conditions.
  [
    /8 samples of x1 with conditions for 7; expected one/,
    giveConditions({ ...ofBoth, x1: classes(eightClasses.slice(1)) }),
  ],
  [
    /conditions of x0 are y .*both need the same/,
    giveConditions({ ...ofBoth, x1: { cond: rows([8, 1]) } }),
  ],
  [
    /conditions of x0 have values that are NaN/,
    giveConditions({ x0: { cond: rows([8, 1]).div(0) } }),
  ],
  [
    /but x1 has none of its own; give both datasets/,
    matchConditions({ x0: classes(eightClasses) }),
  ],
  [
    /no condition of the source is one of the target/,
    matchConditions({ ...ofBoth, x1: classes(eightClasses.map((c) => c + 2)) }),
  ],
  [
    /only 3 samples of x0 have conditions of x1/,
    matchConditions({ ...ofBoth, x0: classes([5, 5, 5, 5, 5, 1, 1, 1]) }),
  ],
  [
    /no two of x0 have the same; leave transport out/,
    matchConditions(
      { x0: classes(eightClasses.map((_, i) => i)), x1: classes(eightClasses.map((_, i) => i)) },
      { batchCoupling: minibatchExact() },
    ),
  ],
  [/dsb_increments, which is trained on no pairs/, matchConditions(ofBoth), dsb],
  // Methods.
  [
    /^sf2m trains a model of its own, FlowAndScore; write network: /,
    { network: network(2) },
    methods.sf2m,
  ],
  [/has neither model.fit, nor rows and one of/, {}, { ...dsbm, regression: undefined }],
  [/^process\.sigma is 0, and dsbm learns .*rectifiedflow/, { process: brownian({ sigma: 0 }) }],
  [/no more than two datasets/, { data: chain }, methods.sbcfm],
];

describe("a training", () => {
  it.each(table)("is refused with %s", async (message, fields, method = dsbm) => {
    const failing = async () => {
      const problem = tinyProblem((method ?? dsbm) as Method, { network: network(2), ...fields });
      const training = new Training(
        method === null ? { ...problem, schedule: wrongValue(undefined) } : problem,
      );
      await train(training);
    };
    const error = (await failing().catch((e) => e)) as Error;
    expect(error.message).toMatch(message);
    expect(error.message).not.toContain("\n");
    if (!message.source.includes("learning rate")) expect(error).toBeInstanceOf(BridgeError);
  });

  it("between straight lines is not: a flow does without noise", async () => {
    const straight = { process: brownian({ sigma: 0 }), network: network(2) };
    await expect(
      train(new Training(tinyProblem(methods.rectifiedflow, straight))),
    ).resolves.toBeDefined();
  });
});

it("a sampler is refused a direction without a network, and rows along paths that its method does not make", () => {
  const b = network(2)("b");
  const sampler = new Sampler({
    method: dsbm,
    process: brownian({ sigma: 1 }),
    networks: { b },
    grid: uniformGrid(3),
  });
  expect(() => sampler.simulate("f", rows([5, 2]))).toThrow(/no network of direction f/);
  expect(() => sampler.simulateRuns("b", "b", rows([5, 2]), {})).toThrow(/makes no rows along/);
});
