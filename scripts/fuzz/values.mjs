// Hostile values from a careless or malicious caller, and tensors odd enough to be hostile.

const dtypes =
  "float32 float64 float16 bfloat16 int64 int32 int16 int8 uint8 bool complex64 complex128".split(
    " ",
  );
const usual = [0, 1, 2, 3, -1, -2, 4, 5];
const odd = [
  7,
  63,
  64,
  100,
  2 ** 31 - 1,
  2 ** 31,
  -(2 ** 31),
  2 ** 32,
  2 ** 32 - 1,
  2 ** 40,
  2 ** 53,
  -(2 ** 53),
];
const big = [9223372036854775807n, -9223372036854775808n, 4611686018427387904n, 2n ** 70n, 3n];
const wild = [NaN, Infinity, -Infinity, -0, 1.5, 1e-300, 1e300];

/**
 * The makers of values for one call: `r` draws, `T` is the engine, `owned` collects what to dispose of; `state` holds the
 * tensors and programs that outlive the call.
 */
export function makers(r, T, owned, state) {
  const { pool } = state;
  const theme = r.many(r.below(4) + 1, () => r.pick([1, 2, 2, 3, 4, 4, 8]));
  const own = (t) => {
    owned.push(t);
    return t;
  };
  const int = () =>
    r.chance(0.75)
      ? r.pick(usual)
      : r.chance(0.6)
        ? r.pick(odd)
        : r.pick(r.chance(0.5) ? big : wild);
  const float = () =>
    r.chance(0.6) ? r.next() * 2 - 0.5 : r.pick([...usual, ...wild, ...odd, 3n]);
  const shape = () =>
    r.chance(0.6)
      ? [...theme]
      : r.chance(0.4)
        ? theme.map((d) => (r.chance(0.5) ? d : r.pick([0, 1, 2, 5])))
        : r.many(r.below(6), () => r.pick([0, 1, 1, 2, 3, 4]));

  function plain() {
    const dtype = r.chance(0.5) ? "float32" : r.chance(0.3) ? "int64" : r.pick(dtypes);
    const size = shape();
    if (r.chance(0.04)) return own(T.empty(size, { dtype, device: "meta" }));
    if (/float|complex/.test(dtype)) {
      const t = own(T.randn(size, { dtype }));
      if (r.chance(0.05)) t.fill_(r.pick([NaN, Infinity, 0, 1e38]));
      return t;
    }
    if (r.chance(0.1)) return own(T.full(size, r.pick([-1, 0, 127, -128]), { dtype: dtype }));
    if (dtype === "int64" && r.chance(0.1))
      return own(T.full(size, r.pick(big.slice(0, 3)), { dtype }));
    if (dtype === "int32" && r.chance(0.1)) return own(T.full(size, -(2 ** 31), { dtype }));
    return own(
      T.randint(r.chance(0.3) ? -3 : 0, 4, size, { dtype: dtype === "bool" ? "uint8" : dtype }).to(
        dtype,
      ),
    );
  }

  function tensor() {
    if (pool.length > 0 && r.chance(0.1)) return r.pick(pool);
    let t = plain();
    if (t.device === "cpu" && r.chance(0.2)) {
      const nd = t.ndim;
      const how = r.below(4);
      if (how === 0 && nd > 1) t = own(t.transpose(0, nd - 1));
      else if (how === 1 && nd > 0) t = own(t.slice({ dim: r.below(nd), start: 1 }));
      else if (how === 2) t = own(t.expand([2, ...t.shape]));
      else if (nd > 0) t = own(t.slice({ dim: 0, step: 2 }));
    }
    if (r.chance(0.15) && /^float/.test(t.dtype) && t.isLeaf) t.requiresGrad_();
    if (r.chance(0.03)) t.dispose();
    return t;
  }

  const text = () =>
    r.pick([
      "",
      "cpu",
      "cuda",
      "cuda:7",
      "meta",
      "float32",
      "bool",
      "none",
      "mean",
      "sum",
      "reflect",
      "circular",
      "ij",
      "xy",
      "constant",
      "floor",
      "trunc",
      "tanh",
      "ij,jk->ik",
      "i,i",
      "...->",
      "ab,b->a",
      "reduced",
      "\0",
      "é".repeat(50),
      "strided",
      "contiguous",
      "x".repeat(r.chance(0.02) ? 1_000_000 : 100),
      "xla",
      "mps:0",
      "cpu:99999999999999999999",
    ]);
  const cyclic = () => {
    const a = [1];
    a.push(a);
    return r.chance(0.5) ? a : [a, a];
  };
  const trap = (kind) => {
    const victim = tensor();
    const strike = () => {
      if (kind === 0) throw new Error("a trap");
      if (kind === 1) victim.dispose();
      if (kind === 2) T.tidy(() => T.ones([2]).add(1));
      if (kind === 3) for (const t of owned) t.dispose();
      return victim;
    };
    const list = [victim, 0, tensor()];
    Object.defineProperty(list, 1, { get: strike, enumerable: true });
    if (r.chance(0.5)) return list;
    return new Proxy(r.chance(0.5) ? list : {}, {
      get: (target, key) =>
        key === "length" && r.chance(0.5) ? 3 : key in target ? target[key] : strike(),
      getPrototypeOf: (target) =>
        r.chance(0.2) ? strike() && null : Reflect.getPrototypeOf(target),
    });
  };
  const sink = process.stdout._handle?._externalStream ?? 5;
  const strange = () =>
    r.pick([
      () => undefined,
      () => null,
      () => true,
      () => false,
      int,
      float,
      text,
      tensor,
      plain,
      () => Symbol("s"),
      () => r.pick(big),
      () => ({}),
      () => [],
      () => () => 1,
      () => async () => 1,
      cyclic,
      () => trap(r.below(4)),
      () => Object.create(T.Tensor.prototype),
      () => new T.Tensor(int()),
      () => new T.Tensor(T.Generator.create(1).pointer()),
      () => new T.Tensor(sink),
      () => T.Tensor,
      () => new Float32Array(r.below(9)),
      () => new Uint8Array(r.below(3) * 2528),
      () => new BigInt64Array(2),
      () => new DataView(new ArrayBuffer(8)),
      () => new Float64Array(new SharedArrayBuffer(16)),
      () => {
        const b = new ArrayBuffer(16);
        structuredClone(b, { transfer: [b] });
        return r.chance(0.5) ? b : new Uint8Array(b);
      },
      () => r.many(r.below(5), int),
      () => r.many(r.below(4), tensor),
      () => r.many(3, () => strange()),
      () => new Array(r.pick([3, 70, 10_000, 2 ** 32 - 1])),
      () => new Proxy([], { get: (list, key) => (key === "length" ? 2 ** 31 : list[key]) }),
      () => ({ length: 2 ** 32, 0: 1 }),
      () => T.Generator.create(7),
      () => ({
        valueOf() {
          throw new Error("valueOf");
        },
      }),
      () => ({ dtype: text(), device: text(), generator: tensor() }),
      () => Promise.resolve(1),
      () => new Date(),
      () => new Map([[1, tensor()]]),
      () => [[1, 2], [3]],
      () => [1n, 2, "3"],
      () => r.many(70, () => 1),
      () => ({ dim: int(), keepdim: true, value: float(), alpha: float(), generator: null }),
    ])();
  /** A tensor that outlives the call; it replaces an older one if there are many. */
  const lasting = () => {
    if (pool.length > 0 && r.chance(0.5)) return r.pick(pool);
    const t = r.chance(0.5) ? T.rand([2, 2]).keep() : plain().keep();
    if (pool.length < 16) pool.push(t);
    else pool.splice(r.below(16), 1, t)[0].dispose();
    return t;
  };
  const { programs } = state;
  return { int, float, shape, tensor, text, strange, cyclic, trap, own, lasting, programs };
}
