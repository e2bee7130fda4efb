// Calls of operations and of other functions of the engine: each returns what is called, for the log, and a function that
// does it.
import { argument } from "../schema.mjs";

const getters =
  "shape strides dtype device ndim numel version requiresGrad isLeaf grad disposed".split(" ");
const methods =
  "size item toArray rawArray toNumbers to toString requiresGrad_ backward dispose keep".split(" ");

/** An operation by its schema. `operations` are the parsed schemas of all operations for `call`. */
export function schemaCall({ T, operations }, r, v) {
  const op = r.pick(operations);
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

const argumentsOfAnyKind = (r, v) =>
  r.many(r.below(7), () => (r.chance(0.5) ? v.tensor() : v.strange()));

/** A generated wrapper of an operation. */
export function wrapperCall({ T }, r, v) {
  const { name, method, most, options } = r.pick(T.generatedOps);
  // Too many arguments and unknown names get no further than the wrapper.
  const isFitting = r.chance(0.7);
  const args = isFitting
    ? r.many(r.below(most + 1), () => (r.chance(0.6) ? v.tensor() : v.strange()))
    : argumentsOfAnyKind(r, v);
  const values = { dim: v.int(), generator: v.strange(), keepdim: r.chance(0.5), dtype: v.text() };
  if (!isFitting && r.chance(0.4)) args.push(values);
  if (isFitting && r.chance(0.4)) {
    const names = options.filter(() => r.chance(0.5));
    args.push(Object.fromEntries(names.map((key) => [key, values[key] ?? v.strange()])));
  }
  const self = method ? (r.chance(0.95) ? v.tensor() : v.strange()) : undefined;
  const fn = method ? T.Tensor.prototype[name] : T[name];
  return {
    what: `${method ? "tensor." : ""}${name}`,
    args: [self, ...args],
    run: () => fn.call(self, ...args),
  };
}

/** A function of the engine from a list of names. */
export function functionCall(list) {
  return ({ T }, r, v) => {
    const name = r.pick(list);
    const args = r.chance(0.5)
      ? [v.shape(), { dtype: v.text(), generator: v.strange(), shape: v.shape() }]
      : r.many(r.below(5), () => v.strange());
    return { what: name, args, run: () => T[name](...args) };
  };
}

/** A getter or method of a tensor. */
export function tensorCall({ T }, r, v) {
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

/** A function of a generator, damaged states included. */
export function generatorCall({ T }, r, v) {
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
    return name === "create" || name === "default" ? T.Generator[name](...args) : g[name](...args);
  };
  return { what: `Generator.${name}`, args, run };
}

/** Constructors, settings and names outside of the other kinds. */
export function settingCall({ T }, r, v) {
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
