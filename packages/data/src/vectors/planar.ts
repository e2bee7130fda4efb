// Distributions in the plane that the literature uses as examples, and the standard Gaussian between which and them
// bridges are usually learnt.
import { stream } from "@dsbm/bridge";
import {
  arange,
  type Generator,
  rand,
  randint,
  randn,
  stack,
  type Tensor,
  tidy,
} from "@dsbm/torch";
import type { DataSet } from "../data-set.js";
import { drawnTable } from "./drawn.js";

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
