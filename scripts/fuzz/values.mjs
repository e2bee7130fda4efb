// Hostile values from a careless or malicious caller, and tensors odd enough to be hostile.

const dtypes =
  "float32 float64 float16 bfloat16 int64 int32 int16 int8 uint8 bool complex64 complex128".split(
    " ",
  );
const commonIntegers = [0, 1, 2, 3, -1, -2, 4, 5];
const edgeIntegers = [
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
const bigIntegers = [
  9223372036854775807n,
  -9223372036854775808n,
  4611686018427387904n,
  2n ** 70n,
  3n,
];
const unusualFloats = [NaN, Infinity, -Infinity, -0, 1.5, 1e-300, 1e300];

/** Makers of numbers and shapes; most shapes are variants of one, so that tensors fit each other. */
function numberMakers(r) {
  const theme = r.many(r.below(4) + 1, () => r.pick([1, 2, 2, 3, 4, 4, 8]));
  const int = () =>
    r.chance(0.75)
      ? r.pick(commonIntegers)
      : r.chance(0.6)
        ? r.pick(edgeIntegers)
        : r.pick(r.chance(0.5) ? bigIntegers : unusualFloats);
  const float = () =>
    r.chance(0.6)
      ? r.next() * 2 - 0.5
      : r.pick([...commonIntegers, ...unusualFloats, ...edgeIntegers, 3n]);
  const shape = () =>
    r.chance(0.6)
      ? [...theme]
      : r.chance(0.4)
        ? theme.map((d) => (r.chance(0.5) ? d : r.pick([0, 1, 2, 5])))
        : r.many(r.below(6), () => r.pick([0, 1, 1, 2, 3, 4]));
  return { int, float, shape };
}

/** Makers of tensors: new ones of every dtype, and views and older ones among them. */
function tensorMakers(r, T, { shape, own, pool }) {
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
      return own(T.full(size, r.pick(bigIntegers.slice(0, 3)), { dtype }));
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
  return { plain, tensor };
}

/** A name of a device, dtype or mode, or nonsense. */
function textOf(r) {
  return r.pick([
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
}

/** An array that holds itself. */
function cyclicArray(r) {
  const a = [1];
  a.push(a);
  return r.chance(0.5) ? a : [a, a];
}

/** A list or proxy that throws, disposes of tensors or opens a scope when it is read. */
function trapOf(r, T, { tensor, owned }, kind) {
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
    getPrototypeOf: (target) => (r.chance(0.2) ? strike() && null : Reflect.getPrototypeOf(target)),
  });
}

/** Buffers and views of bytes: shared, detached and odd ones too. */
const binaryMakers = (r) => [
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
];

/** A maker of any value of JavaScript and of the engine. `v` are the other makers. */
function strangeMaker(r, T, v) {
  const { int, float, text, tensor, plain, cyclic, trap } = v;
  const sink = process.stdout._handle?._externalStream ?? 5;
  const binary = binaryMakers(r);
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
      () => r.pick(bigIntegers),
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
      ...binary,
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
  return strange;
}

/** A maker of tensors that outlive the call; one replaces an older one if there are many. */
function lastingMaker(r, T, { plain, pool }) {
  return () => {
    if (pool.length > 0 && r.chance(0.5)) return r.pick(pool);
    const t = r.chance(0.5) ? T.rand([2, 2]).keep() : plain().keep();
    if (pool.length < 16) pool.push(t);
    else pool.splice(r.below(16), 1, t)[0].dispose();
    return t;
  };
}

/**
 * The makers of values for one call: `r` draws, `T` is the engine, `owned` collects what to dispose of; `state` holds the
 * tensors and programs that outlive the call.
 */
export function makers(r, T, owned, { pool, programs }) {
  const numbers = numberMakers(r);
  const own = (t) => {
    owned.push(t);
    return t;
  };
  const tensors = tensorMakers(r, T, { ...numbers, own, pool });
  const text = () => textOf(r);
  const cyclic = () => cyclicArray(r);
  const trap = (kind) => trapOf(r, T, { ...tensors, owned }, kind);
  const makersOfParts = { ...numbers, ...tensors, text, cyclic, trap };
  const strange = strangeMaker(r, T, makersOfParts);
  const lasting = lastingMaker(r, T, { ...tensors, pool });
  return { ...makersOfParts, strange, own, lasting, programs };
}
