// The kinds of calls: each returns what is called, for the log, and a function that does it.
import { argument, parse } from "./schema.mjs";

const getters =
  "shape strides dtype device ndim numel version requiresGrad isLeaf grad disposed".split(" ");
const methods =
  "size item toArray rawArray toNumbers to toString requiresGrad_ backward dispose keep".split(" ");
const factories =
  "tensor zeros ones empty full arange linspace eye rand randn randint randperm manualSeed".split(
    " ",
  );
const doors = "tidy noGrad enableGrad keep zeroGrad grad backward recorded schemas call".split(" ");

/** A view of more elements than can be walked through in a second is slow, not hung. */
const isVast = (t) => t.numel > 2 ** 26;

/** The kinds of calls over engine `T`; `schemas` are the schemas of the operations for `call`. */
export function kinds(T, schemas) {
  const parsed = schemas.map(parse).filter(Boolean);
  const some = (r, v) => r.many(r.below(7), () => (r.chance(0.5) ? v.tensor() : v.strange()));

  function bySchema(r, v) {
    const op = r.pick(parsed);
    const args = op.args.map((a) =>
      r.chance(0.02)
        ? v.strange()
        : a.optional && r.chance(0.5)
          ? undefined
          : argument(a.type, r, v, T),
    );
    if (r.chance(0.02)) args.push(v.strange());
    return {
      what: `call ${op.name}.${op.overload}`,
      args,
      run: () => T.call(op.name, op.overload, ...args),
    };
  }
  function wrapper(r, v) {
    const { name, method } = r.pick(T.generatedOps);
    const args = some(r, v);
    if (r.chance(0.4))
      args.push({ dim: v.int(), generator: v.strange(), keepdim: r.chance(0.5), dtype: v.text() });
    const self = method ? (r.chance(0.95) ? v.tensor() : v.strange()) : undefined;
    const fn = method ? T.Tensor.prototype[name] : T[name];
    return {
      what: `${method ? "tensor." : ""}${name}`,
      args: [self, ...args],
      run: () => fn.call(self, ...args),
    };
  }
  function free(list) {
    return (r, v) => {
      const name = r.pick(list);
      const args = r.chance(0.5)
        ? [v.shape(), { dtype: v.text(), generator: v.strange(), shape: v.shape() }]
        : r.many(r.below(5), () => v.strange());
      return { what: name, args, run: () => T[name](...args) };
    };
  }
  function ofTensor(r, v) {
    const self = r.chance(0.9) ? v.tensor() : v.strange();
    const name = r.pick(r.chance(0.3) ? getters : methods);
    const args = r.many(r.below(3), () => v.strange());
    const run = () => {
      if (!getters.includes(name)) return T.Tensor.prototype[name].call(self, ...args);
      if (name === "grad" && args.length) Reflect.set(T.Tensor.prototype, "grad", args[0], self);
      return Reflect.get(T.Tensor.prototype, name, self);
    };
    return { what: `tensor.${name}`, args: [self, ...args], run };
  }
  function generator(r, v) {
    const g = r.chance(0.8) ? T.Generator.create(r.below(9)) : T.Generator.default();
    const name = r.pick(["manualSeed", "getState", "setState", "create", "default"]);
    const args = r.many(r.below(3), () => v.strange());
    const state = () => {
      const bytes = g.getState();
      for (let i = 0; i < 20; i++) bytes[r.below(bytes.length)] = r.below(256);
      return T.randn([20], { generator: g.setState(bytes) });
    };
    const run = () => {
      if (name === "setState" && r.chance(0.5)) return state();
      return name === "create" || name === "default"
        ? T.Generator[name](...args)
        : g[name](...args);
    };
    return { what: `Generator.${name}`, args, run };
  }
  function record(r, v) {
    const inputs = r.many(r.below(4), v.tensor);
    const steps = r.many(r.below(4) + 1, () => bySchema(r, v));
    const out = r.chance(0.8) ? inputs : v.strange();
    const fn = (...given) => {
      const made = steps.flatMap((s) => {
        const args = s.args.map((a) =>
          a instanceof T.Tensor && given.length && r.chance(0.6) ? r.pick(given) : a,
        );
        try {
          const [name, overload] = s.what.slice(5).split(".");
          const result = T.call(name, overload, ...args);
          return result instanceof T.Tensor && !isVast(result) ? [result] : [];
        } catch (error) {
          if (r.chance(0.5)) throw error;
          return [];
        }
      });
      if (made[0] && r.chance(0.3)) made[0].sum().backward();
      if (r.chance(0.05)) T.recorded(() => T.ones([1]))();
      return made.length ? made : out;
    };
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
  function chunked(r, v) {
    const fn = T.recorded((x) =>
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
  function gradient(r, v) {
    const x = v.own(T.randn(v.shape())).requiresGrad_();
    const op = bySchema(r, v);
    const args = op.args.map((a) => (a instanceof T.Tensor && r.chance(0.7) ? x : a));
    const [name, overload] = op.what.slice(5).split(".");
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
  function odds(r, v) {
    const a = v.strange();
    return r.pick([
      () => ({
        what: "setNumThreads",
        args: [a],
        run: () => T.setNumThreads(typeof a === "number" && a > 2 ? 0 : a),
      }),
      () => ({ what: "Parameter", args: [a], run: () => new T.Parameter(a) }),
      () => ({ what: "Buffer", args: [a], run: () => new T.Buffer(a) }),
      () => ({
        what: "memory",
        args: [a],
        run: () => T.memory(r.chance(0.5) ? a : { resetPeak: a }),
      }),
      () => ({ what: "Scope", args: [a], run: () => new T.Scope().run(a) }),
      () => ({ what: "tidy", args: [a], run: () => T.tidy(() => [a, T.ones([2]), v.cyclic()]) }),
      () => ({ what: "call of an arbitrary name", args: [a], run: () => T.call(v.text(), a, a) }),
    ])();
  }
  /** Operations without enough memory, resizes, and then uses of their targets. */
  function refused(r, v) {
    const t = v.tensor();
    const other = v.tensor();
    const far = r.pick([2 ** 20, 2 ** 24, 2 ** 33]);
    const ways = [
      () => T.unsafe.call("aten::resize_", "", t, [far]),
      () => T.unsafe.call("aten::cat", "out", [T.ones([1]).expand([far]), other], 0, t),
      () => T.ones([1]).expand([far]).add(t),
      () => T.cat([T.ones([1]).expand([far]), other]),
      () =>
        T.ones([1, 2])
          .expand([1024, 2])
          .mm(T.ones([2, 9999])),
      () => T.ones([1]).expand([far]).sort(),
      () => t.add_(T.ones([1]).expand([far])),
    ];
    const way = r.below(ways.length);
    const use = [
      () => t.fill_(1),
      () => t.add(1).toArray(),
      () => t.clone(),
      () => other.copy_(t),
      () => t.view([-1]).sum().item(),
      () => t.detach().zero_(),
      () => String(t),
    ];
    const run = () => {
      const program =
        t.device === "cpu" && r.chance(0.3)
          ? T.tidy(() => T.Program.record((x) => x.add(t), [T.ones([1])]).program)
          : null;
      T.setMemoryLimit(T.memory().current + r.pick([0, 1000, 2 ** 20]));
      try {
        ways[way]();
      } catch (error) {
        if (!(error instanceof Error)) throw error;
      } finally {
        T.setMemoryLimit(2 ** 30);
      }
      for (const one of r.many(4, () => r.pick(use))) {
        try {
          one();
        } catch (error) {
          if (!(error instanceof Error)) throw error;
        }
      }
      return program?.run(T.ones([1])) ?? t;
    };
    return { what: `record: no memory for way ${way}`, args: [t, other, far], run };
  }
  /** Programs of earlier calls, whose held tensors have since been given other strides or shapes. */
  function again(r, v) {
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
  const table = [
    [0.36, bySchema],
    [0.02, refused],
    [0.02, again],
    [0.16, wrapper],
    [0.08, free(factories)],
    [0.05, free(doors)],
    [0.08, ofTensor],
    [0.02, generator],
    [0.07, record],
    [0.01, chunked],
    [0.1, gradient],
    [0.03, odds],
  ];
  return (r, v) => {
    let x = r.next();
    for (const [p, kind] of table) {
      x -= p;
      if (x < 0) return kind(r, v);
    }
    return bySchema(r, v);
  };
}
