// Calls of recorded programs and of gradients.
import { schemaCall } from "./operations.mjs";

/** A view of more elements than can be walked through in a second is slow, not hung. */
const isVast = (t) => t.numel > 2 ** 26;

const nameOf = ({ what }) => what.slice("call ".length).split(".");

/** A function of its inputs that makes the calls of `steps`, some of them on the inputs, some without catching errors. */
function functionOf({ T }, r, steps, out) {
  return (...given) => {
    const made = steps.flatMap((s) => {
      const args = s.args.map((a) =>
        a instanceof T.Tensor && given.length && r.chance(0.6) ? r.pick(given) : a,
      );
      try {
        const [name, overload] = nameOf(s);
        const result = T.call(name, overload, ...args);
        return result instanceof T.Tensor && !isVast(result) ? [result] : [];
      } catch (error) {
        if (r.chance(0.5)) throw error;
        return [];
      }
    });
    if (made[0] && r.chance(0.3)) made[0].sum().backward();
    if (r.chance(0.05)) T.recordCalls(() => T.ones([1]))();
    return made.length ? made : out;
  };
}

/** Records a function and runs its program. */
export function recordCall(engine, r, v) {
  const { T } = engine;
  const inputs = r.many(r.below(4), v.tensor);
  const steps = r.many(r.below(4) + 1, () => schemaCall(engine, r, v));
  const out = r.chance(0.8) ? inputs : v.strange();
  const fn = functionOf({ T }, r, steps, out);
  const run = () => {
    const { program } = T.Program.record(
      r.chance(0.95) ? fn : v.strange(),
      r.chance(0.97) ? inputs : v.strange(),
    );
    T.describeProgram(program);
    for (const p of steps.flatMap((s) => s.args))
      if (p instanceof T.Tensor && r.chance(0.1)) p.dispose();
    return program.run(...(r.chance(0.7) ? inputs : r.many(r.below(4), () => v.strange())));
  };
  return {
    what: `record [${steps.map((s) => s.what)}]`,
    args: [...inputs, ...steps.flatMap((s) => s.args)],
    run,
  };
}

/** A function in chunks on threads. */
export function chunkedCall({ T }, r, v) {
  const fn = T.recordCalls((x) =>
    r.chance(0.5) ? x.mul(2).add(x) : x.add(T.randnLike?.(x) ?? x.randnLike()),
  );
  const options = {
    rows: r.chance(0.8) ? r.below(4) : v.int(),
    threads: r.chance(0.8) ? r.below(4) : r.pick([NaN, -1, 1e9, 1.5, "2"]),
    generator: r.chance(0.95) ? T.Generator.create(1) : v.strange(),
    inputDims: r.chance(0.8) ? [0] : r.many(r.below(3), v.int),
    outputDims: r.chance(0.8) ? [0] : r.many(r.below(3), v.int),
  };
  const inputs = r.chance(0.9) ? [v.tensor()] : v.strange();
  return {
    what: "runChunked",
    args: [inputs, options],
    run: () => T.runChunked(fn, inputs, options),
  };
}

/** The gradient of an operation. */
export function gradientCall(engine, r, v) {
  const { T } = engine;
  const x = v.own(T.randn(v.shape())).requiresGrad_();
  const op = schemaCall(engine, r, v);
  const args = op.args.map((a) => (a instanceof T.Tensor && r.chance(0.7) ? x : a));
  const [name, overload] = nameOf(op);
  const run = () => {
    const y = T.call(name, overload, ...args);
    const list = Array.isArray(y)
      ? y.filter((t) => t instanceof T.Tensor && t.requiresGrad && !isVast(t))
      : [y];
    if (y instanceof T.Tensor && isVast(y)) return y;
    const g = list.map((t) => (r.chance(0.8) ? t.clone().detach() : v.strange()));
    const o = {
      gradOutputs: g,
      retainGraph: r.chance(0.5),
      allowUnused: r.chance(0.5),
    };
    if (r.chance(0.5)) return T.backward(list, o);
    return T.grad(list, [x], o);
  };
  return { what: `gradient of ${op.what.slice(5)}`, args, run };
}

/** Programs of earlier calls, whose held tensors have since been given other strides or shapes. */
export function earlierProgramCall({ T }, r, v) {
  const held = v.lasting();
  if (v.programs.length > 0 && r.chance(0.7)) {
    const { program, input, tensor } = r.pick(v.programs);
    const change = r.below(4);
    const run = () => {
      if (change === 0) T.unsafe.call("aten::t_", "", tensor);
      if (change === 1 && tensor.grad) T.unsafe.call("aten::t_", "", tensor.grad);
      if (change === 2) tensor.dispose();
      return program.run(input);
    };
    return { what: `record: an earlier program, change ${change}`, args: [tensor], run };
  }
  const run = () => {
    const input = T.rand([3, 4]).keep();
    const grows =
      held.device === "cpu" && held.isLeaf && /^float/.test(held.dtype) && r.chance(0.5);
    if (grows) held.requiresGrad_();
    const { program } = T.Program.record(
      (x) => {
        const y = x.sum().add(held);
        if (grows) y.sum().backward();
        return y.detach();
      },
      [input],
    );
    v.programs.push({ program, input, tensor: held });
    if (v.programs.length > 8) v.programs.shift()?.input.dispose();
    return program.run(input);
  };
  return { what: "record: a program that stays", args: [held], run };
}
