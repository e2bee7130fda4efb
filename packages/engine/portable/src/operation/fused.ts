// The engine's own operations, which the native one fuses for speed: layers, optimiser, bridges, transport.
import { check } from "../errors.js";
import { iterateSinkhorn } from "../kernel/sinkhorn.js";
import { sigmoid } from "../kernel/special.js";
import { vectorisedAdam, vectorisedLayer } from "../kernel/vectorised.js";
import { define, run } from "../operation.js";
import { allocate, type TensorImpl, type TensorList } from "../tensor.js";
import { lerp } from "./mixture.js";

const isMatrix = (t: TensorImpl) => t.dtype === "float32" && t.ndim === 2;
function checkDense(x: TensorImpl, weight: TensorImpl): void {
  for (const t of [x, weight])
    check(
      isMatrix(t),
      () => `dense: got ${t.dtype}[${t.shape}]; expected matrices in float32 of the processor`,
    );
  check(
    x.shape[1] === weight.shape[1],
    () => `dense: rows of ${x.shape[1]} for a layer of ${weight.shape[1]} inputs`,
  );
}

const numbersOf = ({ array, offset, count }: TensorImpl) =>
  array.subarray(offset, offset + count) as Float32Array;

/** SiLU of z in place, and its slope. */
function activate(z: TensorImpl, slope: TensorImpl | null): void {
  for (let i = 0; i < z.count; i++) {
    const x = z.array[i];
    const s = sigmoid(x);
    z.array[i] = x * s;
    if (slope) slope.array[i] = s * (1 + x * (1 - s));
  }
}
define(
  "dsbm::dense(Tensor input, Tensor weight, Tensor bias, bool silu, bool slope) -> (Tensor, Tensor)",
  (x: TensorImpl, weight: TensorImpl, bias: TensorImpl, silu: boolean, isWanted: boolean) => {
    checkDense(x, weight);
    const n = weight.shape[0];
    check(
      bias.dtype === "float32" && bias.ndim === 1 && bias.count === n,
      () => `dense: a bias [${bias.shape}] for ${n} outputs`,
    );
    const slope = allocate([silu && isWanted ? x.shape[0] : 0, n], "float32");
    const turned = run("t", weight);
    if (silu) {
      const result = allocate([x.shape[0], n], "float32");
      if (vectorisedLayer(result, isWanted ? slope : null, [x, turned, bias]))
        return [result, slope];
    }
    const y = run("addmm", bias, x, turned, 1, 1);
    if (silu) activate(y, isWanted ? slope : null);
    return [y, slope];
  },
  {
    derivative: ({ save, saveResult, needs }, x, weight, _, silu) => {
      const input = save(x);
      const w = save(weight);
      const slope = saveResult(1);
      const first = needs(0);
      const second = needs(1);
      return (g) => {
        const args = [g, input(), w(), slope(), silu, first, second];
        return run<TensorImpl[]>("dsbm::dense_backward", ...args);
      };
    },
  },
);
define(
  "dsbm::dense_backward(Tensor grad, Tensor input, Tensor weight, Tensor slope, bool silu, bool of_input, bool of_weight) -> (Tensor, Tensor, Tensor)",
  (
    g: TensorImpl,
    x: TensorImpl,
    weight: TensorImpl,
    slope: TensorImpl,
    silu: boolean,
    ofInput: boolean,
    ofWeight: boolean,
  ) => {
    checkDense(x, weight);
    const before = silu ? run("mul.Tensor", g, slope) : g;
    return [
      ofInput ? run("mm", before, weight) : null,
      ofWeight ? run("mm", run("t", before), x) : null,
      run("sum.dim_IntList", before, [0]),
    ];
  },
);
define("dsbm::silu_(Tensor(a!) self) -> Tensor(a!)", (t) => run("silu_", t));

interface Rates {
  decay: number;
  shrink: number;
  towards: number;
  keep: number;
  root: number;
  eps: number;
  step: number;
}
/** A step of Adam (Kingma and Ba 2015) on one parameter. */
function adamStep(p: TensorImpl, g: TensorImpl, m: TensorImpl, v: TensorImpl, r: Rates): void {
  const { decay, shrink, towards, keep, root, eps, step } = r;
  if (vectorisedAdam([p, g, m, v], [decay, shrink, towards, keep, root, eps, step])) return;
  const x = p.array;
  const d = g.array;
  const first = m.array;
  const second = v.array;
  for (let i = 0; i < p.count; i++) {
    const old = x[p.offset + i];
    const slope = d[g.offset + i] + old * r.decay;
    first[m.offset + i] = lerp(first[m.offset + i], slope, r.towards);
    second[v.offset + i] = second[v.offset + i] * r.keep + (1 - r.keep) * slope * slope;
    const size = Math.sqrt(second[v.offset + i]) / r.root + r.eps;
    x[p.offset + i] = old * r.shrink + (r.step * first[m.offset + i]) / size;
  }
}
define(
  "dsbm::adam_(Tensor(a!)[] params, Tensor[] grads, Tensor(b!)[] exp_avgs, Tensor(c!)[] exp_avg_sqs, Tensor(d!)[] state_steps, Tensor(e!)[] averages, Tensor lr, Tensor? weight, float beta1, float beta2, float weight_decay, float eps, bool decoupled) -> ()",
  (
    params: TensorList,
    grads: TensorList,
    m: TensorList,
    v: TensorList,
    steps: TensorList,
    averages: TensorList,
    lr: TensorImpl,
    weight: TensorImpl | null,
    beta1: number,
    beta2: number,
    decay: number,
    eps: number,
    decoupled: boolean,
  ) => {
    const n = params.length;
    for (const list of [grads, m, v, steps])
      check(list.length === n, `adam: ${n} parameters, but a list of ${list.length}`);
    check(
      averages.length === 0 || (averages.length === n && weight !== null),
      "adam: expected an average of each parameter, and their weight",
    );
    const rate = lr.array[lr.offset];
    params.forEach((p, i) => {
      const step = ++steps[i].array[steps[i].offset];
      adamStep(p, run("contiguous", grads[i]), m[i], v[i], {
        decay: decoupled ? 0 : decay,
        shrink: decoupled ? 1 - rate * decay : 1,
        towards: 1 - beta1,
        keep: beta2,
        root: Math.sqrt(1 - beta2 ** step),
        eps,
        step: -rate / (1 - beta1 ** step),
      });
      if (averages.length > 0) run("lerp_.Scalar", averages[i], p, weight!.array[weight!.offset]);
    });
  },
);

define(
  "dsbm::brownian_bridge(Tensor x0, Tensor x1, Tensor t, Tensor z, float sigma, bool forward) -> (Tensor, Tensor)",
  (
    x0: TensorImpl,
    x1: TensorImpl,
    t: TensorImpl,
    z: TensorImpl,
    sigma: number,
    forward: boolean,
  ) => {
    const [a, b, time, noise] = [x0, x1, t, z].map((s) => run("contiguous", s));
    check(
      a.ndim > 0 &&
        `${b.shape}` === `${a.shape}` &&
        `${noise.shape}` === `${a.shape}` &&
        `${time.shape}` === `${a.shape[0]}`,
      () =>
        `brownian_bridge: expected x0, x1 and z of one shape and a time of each row, got [${a.shape}], [${b.shape}], [${noise.shape}] and [${time.shape}]`,
    );
    for (const s of [a, b, time, noise])
      check(s.dtype === "float32", "brownian_bridge: expected float32 on the processor");
    const x = allocate(a.shape, "float32");
    const drift = allocate(a.shape, "float32");
    const [starts, ends, times, normals] = [a, b, time, noise].map(numbersOf);
    const [states, slopes] = [x, drift].map(numbersOf);
    const rows = times.length;
    const sign = forward ? 1 : -1;
    const n = rows === 0 ? 0 : starts.length / rows;
    for (let i = 0; i < rows; i++) {
      const s = times[i];
      const rest = 1 - s;
      const spread = sigma * Math.sqrt(rest * s);
      const pull = sigma * Math.sqrt(forward ? s / rest : rest / s);
      for (let k = i * n; k < (i + 1) * n; k++) {
        const way = Math.fround(ends[k] - starts[k]);
        const base = s < 0.5 ? starts[k] + s * way : ends[k] - rest * way;
        states[k] = base + spread * normals[k];
        slopes[k] = sign * way - pull * normals[k];
      }
    }
    return [x, drift];
  },
);

define("dsbm::exp_product(Tensor rows, Tensor columns) -> Tensor", (rows, columns) =>
  run("exp_", run("mm", rows, run("t", columns))),
);
define(
  "dsbm::sinkhorn_(Tensor(c!) kernel, Tensor a, Tensor b, Tensor(a!) u, Tensor(b!) v, float tau, float tolerance, int most) -> Tensor",
  (
    kernel: TensorImpl,
    a: TensorImpl,
    b: TensorImpl,
    u: TensorImpl,
    v: TensorImpl,
    tau,
    tolerance,
    most,
  ) => {
    const isPlain = (t: TensorImpl) => t.isDense && t.dtype === "float64";
    check(
      kernel.ndim === 2 && kernel.count > 0 && isPlain(kernel),
      () =>
        `sinkhorn_: expected a contiguous float64 kernel [n, m] on the processor, got ${kernel.dtype} [${kernel.shape.join(", ")}]`,
    );
    for (const [t, end] of [
      [a, 0],
      [u, 0],
      [b, 1],
      [v, 1],
    ] as const)
      check(
        t.ndim === 1 && t.count === kernel.shape[end] && isPlain(t),
        () =>
          `sinkhorn_: expected float64 vectors of a number for each row and column of [${kernel.shape.join(", ")}], got ${t.dtype} [${t.shape.join(", ")}]`,
      );
    check(most > 0, `sinkhorn_: expected at least one iteration, got ${most}`);
    const of = (t: TensorImpl) => (t.array as Float64Array).subarray(t.offset, t.offset + t.count);
    const outcome = iterateSinkhorn(
      { kernel: of(kernel), a: of(a), b: of(b), u: of(u), v: of(v), tau },
      { tolerance, most },
    );
    const out = allocate([2], "float64");
    out.array.set(outcome);
    return out;
  },
);
