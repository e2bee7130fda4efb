import { type Endpoints, stream } from "@dsbm/bridge";
import { arange, Generator, rand, randint, randn, stack, type Tensor, tidy } from "@dsbm/torch";
import { checkDrawn, type DataSet, newTable, type SetOptions, type Table } from "../data-set.js";
import { invalidOption } from "../errors.js";

const defaultCount = 10_000;

/**
 * n draws [n, dim], float32; `fixed`: no other dimension.
 * @throws {DatasetError} `InvalidOption`
 */
function vectorTable(
  { name, split, n = defaultCount, seed = 0, dim }: SetOptions,
  { defaultDim, fixed = false }: { defaultDim: number; fixed?: boolean },
  draw: (size: { n: number; dim: number; seed: number }) => Tensor,
): Table {
  const d = dim ?? defaultDim;
  if (fixed && d !== defaultDim)
    throw invalidOption(`dim ${d}: expected ${defaultDim}, the dimension of ${name}; set data.dim`);
  checkDrawn(n, 4 * d);
  return newTable({
    name,
    split,
    source: `drawn from seed ${seed}`,
    x: tidy(() => draw({ n, dim: d, seed })),
  });
}

/** n draws of N(−a·1, I) and of N(a·1, I) in `dim` dimensions (Shi 2023, section 6.1). */
export function gaussianEndpoints(of: {
  n: number;
  dim: number;
  a: number;
  generator: Generator;
}): Endpoints {
  const draw = () => randn([of.n, of.dim], { generator: of.generator });
  return tidy(() => ({ x0: draw().sub(of.a), x1: draw().add(of.a) }));
}

/**
 * N(−a·1, I) at x0, N(a·1, I) at x1, with the numbers of `torch.manual_seed(seed)` in PyTorch: one generator gives x0
 * train, x1 train, x0 test, x1 test in this order.
 */
export const gaussianSet: DataSet = {
  about: "N(−a, I) at x0 and N(a, I) at x1, data.dim coordinates",
  load: (options) =>
    vectorTable(options, { defaultDim: 5 }, ({ n, dim, seed }) => {
      const { a = 0.1, end = "x0", split, n_train = defaultCount } = options;
      const generator = Generator.create(seed);
      const draw = (count: number) => gaussianEndpoints({ n: count, dim, a, generator });
      if (split === "test") tidy(() => void draw(n_train));
      return draw(n)[end];
    }),
};

interface DrawOptions {
  generator?: Generator | undefined;
}

/** Eight Gaussians of variance 0.1 on a circle of radius 5, [n, 2] (Tong 2024). */
export function eightGaussians(n: number, { generator }: DrawOptions = {}): Tensor {
  return tidy(() => {
    const angle = randint(0, 8, [n], { generator })
      .to("float32")
      .mul(Math.PI / 4);
    const centre = stack([angle.cos(), angle.sin()], { dim: 1 }).mul(5);
    return centre.add(randn([n, 2], { generator }).mul(Math.sqrt(0.1)));
  });
}

/**
 * Two half circles that face each other, with Gaussian noise of standard deviation 0.2, then times
 * 3 minus 1, [n, 2] (Tong 2024). Rows alternate between both, so that every part has both.
 */
export function moons(n: number, { generator }: DrawOptions = {}): Tensor {
  return tidy(() => {
    const angle = rand([n], { generator }).mul(Math.PI);
    const c = angle.cos();
    const s = angle.sin();
    const isSecond = arange(0, n, { dtype: "float32" }).remainder(2);
    const either = (x: Tensor, second: Tensor) => x.add(second.sub(x).mul(isSecond));
    const crescents = stack([either(c, c.rsub(1)), either(s, s.rsub(0.5))], { dim: 1 });
    return crescents
      .add(randn([n, 2], { generator }).mul(0.2))
      .mul(3)
      .sub(1);
  });
}

/**
 * An S curve, [n, 2]: t uniform on [−3π/2, 3π/2], (sin t, sign(t)(cos t − 1)) plus Gaussian noise of standard
 * deviation 0.05, times 1.5 (coordinates 1 and 3 of scikit-learn's S curve; Tong 2024).
 */
function sCurve(n: number, { generator }: DrawOptions = {}): Tensor {
  return tidy(() => {
    const t = rand([n], { generator })
      .sub(0.5)
      .mul(3 * Math.PI);
    const curve = stack([t.sin(), t.sign().mul(t.cos().sub(1))], { dim: 1 });
    return curve.add(randn([n, 2], { generator }).mul(0.05)).mul(1.5);
  });
}

const vectorSet = (
  id: string,
  about: string,
  draw: (n: number, options: { generator: Generator; dim: number }) => Tensor,
  fixed = true,
): DataSet => ({
  about,
  load: (options) =>
    vectorTable(options, { defaultDim: 2, fixed }, ({ n, dim, seed }) => {
      const { end = "x0", split } = options;
      return draw(n, { dim, generator: stream(seed, `${id}/${end}/${split}`) });
    }),
});

/** Synthetic vectors by configuration name. */
export const syntheticVectors: Readonly<Record<string, DataSet>> = {
  normal: vectorSet(
    "normal",
    "N(0, I), data.dim coordinates (2)",
    (n, { dim, generator }) => randn([n, dim], { generator }),
    false,
  ),
  moons: vectorSet("moons", "two half circles with noise in the plane", moons),
  scurve: vectorSet("scurve", "an S curve with noise in the plane", sCurve),
  eight_gaussians: vectorSet(
    "eight_gaussians",
    "eight Gaussians on a circle in the plane",
    eightGaussians,
  ),
};
