// A recorded program laid open: operations with their arguments, held tensors, and shared memory.
import { expect, it } from "vitest";
import * as T from "../src/index.js";

it("says every operation with its arguments, the tensors that are held, and which share memory", () => {
  const weight = T.ones([3, 2]);
  const { program } = T.Program.record(
    (x) => {
      const y = (x as T.Tensor).mm(weight);
      y.narrow(1, 0, 1).mul_(2);
      return T.cat([y, y.sum(1, { keepdim: true })], { dim: 1 });
    },
    [T.ones([4, 3])],
  );
  const { inputs, outputs, slots, steps } = T.describeProgram(program);
  expect(inputs).toBe(1);
  expect(steps.map(({ name }) => name)).toEqual(program.operations);
  const names = ["mm", "slice.Tensor", "mul_.Scalar", "sum.dim_IntList", "cat"];
  expect(program.operations).toEqual(names.map((name) => `aten::${name}`));
  const [mm, slice, mul, , cat] = steps as [
    T.ProgramStep,
    T.ProgramStep,
    T.ProgramStep,
    never,
    T.ProgramStep,
  ];
  const slotOf = (step: T.ProgramStep, name: string) => (step.args[name] as { slot: number }).slot;
  const result = (step: T.ProgramStep) => step.results[0]?.[0] as number;
  expect(slotOf(mm, "self")).toBe(0);
  expect(slots[slotOf(mm, "mat2")]?.held?.toNumbers()).toEqual([1, 1, 1, 1, 1, 1]);
  expect(slots[result(mm)]).toMatchObject({ dtype: "float32", shape: [4, 2], held: null });
  expect(slice.args).toMatchObject({ dim: { value: 1 }, start: { value: 0 }, end: { value: 1 } });
  expect(slots[result(slice)]?.memory).toBe(slots[result(mm)]?.memory);
  // In place: the result is the tensor that was written to.
  expect(result(mul)).toBe(slotOf(mul, "self"));
  expect(mul.args.other).toEqual({ value: 2 });
  expect(cat.args.tensors).toEqual({ slots: [result(mm), expect.any(Number)] });
  expect(outputs).toEqual([result(cat)]);
  for (const { held } of slots) held?.dispose();
});
