// Every kernel of native/ against its reference in plain operations of double precision: values, gradients by finite
// differences, gradients of autograd, other dtypes, and bits that depend neither on threads nor on recording.
import { describe, expect, it } from "vitest";
import { startFrom } from "../../../../../test/support/start.js";
import * as T from "../../src/index.js";
import { bits, gradients, inDouble, relativeError } from "./in-double.js";
import type { KernelRecord, Problem, Sizes } from "./record.js";
import { collectives, records } from "./records.js";

startFrom(5);

const rows = records.flatMap((record) =>
  record.sizes.map((size) => [record.title, size, record] as const),
);
const isTrained = (t: T.Tensor) => t.requiresGrad;
/** Inputs in double precision; only trained inputs are leaves. */
const doubleInputs = ({ inputs }: Problem) =>
  inputs.map((t) => (isTrained(t) ? inDouble(t) : t.detach().to("float64")));
/** The relative error of each result; 0 for a result without elements. */
const errors = (own: readonly T.Tensor[], exact: readonly T.Tensor[]) =>
  own.map((t, i) => (t.numel === 0 ? 0 : relativeError(t, exact[i].detach().to("float64"))));
/** The sum of results by weights that no symmetry cancels, and its gradients. */
function gradientsOfSum(
  results: readonly T.Tensor[],
  of: readonly T.Tensor[],
  weights: readonly T.Tensor[],
) {
  const terms = results.map((t, i) => t.mul(weights[i].to(t.dtype)).sum());
  return gradients(
    terms.reduce((a, b) => a.add(b)),
    of,
  );
}

it("the table has every operation of native/, and no other", () => {
  const known = T.schemas("").flatMap((schema) => /^dsbm::(\w+)/.exec(schema)?.[1] ?? []);
  const names = new Set([...collectives, ...records.flatMap(({ operations }) => operations)]);
  expect([...names].sort()).toEqual([...new Set(known)].sort());
});

describe.each(rows)("%s of %j", (_, size, record) => {
  it("is its reference", () => {
    const problem = record.make(size);
    const own = problem.own(problem.inputs);
    const exact = problem.exact(doubleInputs(problem));
    expect(own.map((t) => t.shape)).toEqual(exact.map((t) => t.shape));
    if (record.within === 0) expect(bits(own)).toEqual(bits(exact.map((t) => t.to(own[0].dtype))));
    for (const error of errors(own, exact)) expect(error).toBeLessThanOrEqual(record.within);
  });

  it("has the same bits on two threads and in a recorded program", () => {
    const { inputs, own } = record.make(size);
    const of = inputs.filter(isTrained);
    const weights = T.noGrad(() => own(inputs)).map((t) => t.randnLike());
    const all = () => {
      const results = own(inputs);
      const back = record.gradientWithin === null ? [] : gradientsOfSum(results, of, weights);
      return [...results, ...back].map((t) => t.detach());
    };
    const found = bits(all());
    T.setNumThreads(2);
    expect(bits(all())).toEqual(found);
    T.setNumThreads(1);
    if (!isRecordable(record)) return;
    const recorded = T.recordCalls(all);
    for (let run = 0; run < 2; run++) expect(bits(recorded())).toEqual(found);
  });
});

/** A generator made inside the function is not part of a recording. */
const isRecordable = ({ operations }: KernelRecord) => !/noise_$|pairs|strata/.test(operations[0]);

describe.each(rows.filter(([, , record]) => record.gradientWithin !== null))(
  "the gradient of %s of %j",
  (_, size, record) => {
    const within = record.gradientWithin as number;

    it("equals finite differences of the reference", () => {
      const problem = record.make(size);
      const weights = T.noGrad(() => problem.own(problem.inputs)).map((t) => t.randnLike());
      const found = gradientsOfSum(problem.own(problem.inputs), problem.inputs, weights);
      const start = doubleInputs(problem).map((t) => t.detach());
      const value = (inputs: readonly T.Tensor[]) =>
        problem
          .exact(inputs)
          .reduce((sum, t, i) => sum + t.mul(weights[i].to("float64")).sum().item(), 0);
      for (const [i, gradient] of found.entries()) {
        const direction = start[i].randnLike();
        const at = (h: number) =>
          value(start.map((t, k) => (k === i ? t.add(direction.mul(h)) : t)));
        const h = 1e-4;
        // Of fourth order, so that the step can be doubleInputs enough for rounding not to matter.
        const slope = (8 * (at(h) - at(-h)) - (at(2 * h) - at(-2 * h))) / (12 * h);
        const along = gradient.to("float64").mul(direction).sum().item();
        const scale = gradient.to("float64").norm().item() * Math.sqrt(direction.numel);
        expect(Math.abs(along - slope)).toBeLessThan(
          10 * within * Math.max(scale, Math.abs(slope)),
        );
      }
    });

    it("equals the gradient of autograd through the reference", () => {
      const problem = record.make(size);
      const weights = T.noGrad(() => problem.own(problem.inputs)).map((t) => t.randnLike());
      const inputs = doubleInputs(problem);
      const wanted = gradientsOfSum(problem.exact(inputs), inputs, weights);
      const found = gradientsOfSum(problem.own(problem.inputs), problem.inputs, weights);
      for (const error of errors(found, wanted)) expect(error).toBeLessThan(within);
    });
  },
);

describe.each(records.filter((r) => r.gradientWithin !== null).map((r) => [r.title, r] as const))(
  "%s",
  (_, { make, sizes }) => {
    it("gives gradients to the inputs that require them only", () => {
      const { inputs, own } = make(sizes[0] as Sizes);
      expect(T.noGrad(() => own(inputs))[0].requiresGrad).toBe(false);
      inputs[0].requiresGrad_(false);
      own(inputs)[0].sum().backward();
      expect([inputs[0].grad, inputs[1].grad?.shape]).toEqual([null, inputs[1].shape]);
    });
  },
);

describe.each(
  records.flatMap((record) =>
    Object.entries(record.dtypes).map(
      ([dtype, outcome]) => [record.title, dtype as T.DType, outcome, record] as const,
    ),
  ),
)("%s in %s", (_, dtype, outcome, { make, sizes }) => {
  it(`is ${typeof outcome === "number" ? `right to ${outcome}` : "refused in one line"}`, () => {
    const problem = make(sizes[1] as Sizes);
    const inputs = problem.inputs.map((t) => t.detach().to(dtype));
    if (typeof outcome !== "number") {
      const act = () => problem.own(inputs);
      expect(act).toThrow(T.TorchError);
      expect(act).toThrow(outcome);
      expect(act).not.toThrow(/\n/);
      return;
    }
    const exact = problem.exact(inputs.map((t) => t.to("float64")));
    for (const error of errors(problem.own(inputs), exact))
      expect(error).toBeLessThanOrEqual(outcome);
  });
});
