// Vectors drawn from a seed: distributions in the plane that the literature uses as examples, the standard Gaussian between
// which and them bridges are usually learnt, and the benchmark of two Gaussians whose bridge is known in closed form.
import { type Endpoints, stream } from "@dsbm/bridge";
import { arange, Generator, rand, randint, randn, stack, type Tensor, tidy } from "@dsbm/torch";
import { checkDrawn } from "../counts.js";
import type { DataSet, SetOptions } from "../data-set.js";
import { invalidOption } from "../errors.js";
import { newTable, type Table } from "../table.js";

/** Samples of a split where `n` is left out. */
const usualCount = 10_000;

/**
 * The table of n draws [n, dim], float32. With `fixed`, the set has this dimension and no other.
 *
 * Throws a `DatasetError` `InvalidOption` for another dimension, and for more than 2³⁰ numbers.
 */
function drawnTable(
  { name, split, n = usualCount, seed = 0, dim: wanted }: SetOptions,
  { dim: usual, fixed = false }: { dim: number; fixed?: boolean },
  draw: (size: { n: number; dim: number; seed: number }) => Tensor,
): Table {
  const dim = wanted ?? usual;
  if (!Number.isInteger(dim) || dim < 1 || (fixed && dim !== usual))
    throw invalidOption(
      `dim ${dim}: expected ${fixed ? `${usual}, the dimension` : "a whole number above 0, the dimension"} of ${name}; set data.dim`,
    );
  checkDrawn(n, { what: `sample of ${name}`, size: `dim ${dim}`, bytes: 4 * dim, GiB: 4 });
  return newTable({
    name,
    split,
    source: `drawn from seed ${seed}`,
    x: tidy(() => draw({ n, dim, seed })),
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
 * N(−a·1, I) at x0, N(a·1, I) at x1. All four tables come from one generator with the numbers of
 * `torch.manual_seed(seed)` in PyTorch, in the order x0 train, x1 train, x0 test, x1 test.
 */
export const gaussianSet: DataSet = {
  about: "N(−a, I) at x0 and N(a, I) at x1, data.dim coordinates",
  classes: [],
  load: (options) =>
    drawnTable(options, { dim: 5 }, ({ n, dim, seed }) => {
      const { a = 0.1, end = "x0", split, n_train = usualCount } = options;
      if (!Number.isFinite(a)) throw invalidOption(`a ${a}: expected a finite number; set data.a`);
      const generator = Generator.create(seed);
      const draw = (count: number) => gaussianEndpoints({ n: count, dim, a, generator });
      if (split === "test") tidy(() => void draw(n_train));
      return draw(n)[end];
    }),
};

/**
 * n draws of eight Gaussians of variance `variance`, equally likely, their means equally spaced on a circle of
 * `radius`: [n, 2] (Tong 2024, with radius 5 and variance 0.1).
 */
export function eightGaussians(
  n: number,
  {
    generator,
    radius = 5,
    variance = 0.1,
  }: { generator?: Generator | undefined; radius?: number; variance?: number } = {},
): Tensor {
  return tidy(() => {
    const angle = randint(0, 8, [n], { generator })
      .to("float32")
      .mul(Math.PI / 4);
    const centre = stack([angle.cos(), angle.sin()], { dim: 1 }).mul(radius);
    return centre.add(randn([n, 2], { generator }).mul(Math.sqrt(variance)));
  });
}

/**
 * n draws of two half circles that face each other, with Gaussian noise of standard deviation `noise`, then times 3
 * minus 1: [n, 2] (Tong 2024, with noise 0.2). Rows are of the two in turn, so that every part of them has both.
 */
export function moons(
  n: number,
  { generator, noise = 0.2 }: { generator?: Generator | undefined; noise?: number } = {},
): Tensor {
  return tidy(() => {
    const angle = rand([n], { generator }).mul(Math.PI);
    const [c, s] = [angle.cos(), angle.sin()];
    const isSecond = arange(0, n, { dtype: "float32" }).remainder(2);
    const of = (x: Tensor, second: Tensor) => x.add(second.sub(x).mul(isSecond));
    const crescents = stack([of(c, c.rsub(1)), of(s, s.rsub(0.5))], { dim: 1 });
    return crescents
      .add(randn([n, 2], { generator }).mul(noise))
      .mul(3)
      .sub(1);
  });
}

/**
 * n draws of an S curve: [n, 2]. With t uniform on [−3π/2, 3π/2], (sin t, sign(t)(cos t − 1)) plus Gaussian noise of
 * standard deviation `noise`, times 1.5: the first and third coordinate of scikit-learn's S curve, with the noise 0.05
 * and the factor of Tong 2024.
 */
export function sCurve(
  n: number,
  { generator, noise = 0.05 }: { generator?: Generator | undefined; noise?: number } = {},
): Tensor {
  return tidy(() => {
    const t = rand([n], { generator })
      .sub(0.5)
      .mul(3 * Math.PI);
    const curve = stack([t.sin(), t.sign().mul(t.cos().sub(1))], { dim: 1 });
    return curve.add(randn([n, 2], { generator }).mul(noise)).mul(1.5);
  });
}

/** A set drawn from a stream of its own for each seed, end and split. */
function drawnSet(
  id: string,
  about: string,
  draw: (n: number, options: { generator: Generator; dim: number }) => Tensor,
  { fixed }: { fixed: boolean },
): DataSet {
  return {
    about,
    classes: [],
    load: (options) =>
      drawnTable(options, { dim: 2, fixed }, ({ n, dim, seed }) => {
        const { end = "x0", split } = options;
        return draw(n, { dim, generator: stream(seed, `${id}/${end}/${split}`) });
      }),
  };
}

const planar = { fixed: true };

/** The sets of this file by their configuration names. */
export const drawnSets: Readonly<Record<string, DataSet>> = {
  normal: drawnSet(
    "normal",
    "N(0, I), data.dim coordinates (2)",
    (n, { dim, generator }) => randn([n, dim], { generator }),
    { fixed: false },
  ),
  moons: drawnSet("moons", "two half circles with noise in the plane", moons, planar),
  scurve: drawnSet("scurve", "an S curve with noise in the plane", sCurve, planar),
  eight_gaussians: drawnSet(
    "eight_gaussians",
    "eight Gaussians on a circle in the plane",
    eightGaussians,
    planar,
  ),
};
