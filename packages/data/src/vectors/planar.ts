// Two pictures in the plane that bridges are shown on: clouds on a circle and two crescents.
import { cat, type Generator, rand, randint, randn, stack, type Tensor, tidy } from "@dsbm/torch";

/**
 * n draws of eight Gaussians of variance `variance`, equally likely, their means equally spaced on a circle of
 * `radius`: [n, 2] (Tong et al. 2024, with radius 5 and variance 0.1).
 */
export function eightGaussians(
  n: number,
  {
    generator,
    radius = 5,
    variance = 0.1,
  }: { generator: Generator; radius?: number; variance?: number },
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
 * n draws of two crescents, half circles that face each other, with Gaussian noise of standard deviation `noise`
 * around them, then ×3 − 1: [n, 2] (Tong et al. 2024, with noise 0.2). An odd one is of the first.
 */
export function moons(
  n: number,
  { generator, noise = 0.2 }: { generator: Generator; noise?: number },
): Tensor {
  return tidy(() => {
    const angle = rand([n], { generator }).mul(Math.PI);
    const [c, s] = [angle.cos(), angle.sin()];
    const m = Math.ceil(n / 2);
    const of = (x: Tensor, second: Tensor) => cat([x.narrow(0, 0, m), second.narrow(0, m, n - m)]);
    const crescents = stack([of(c, c.rsub(1)), of(s, s.rsub(0.5))], { dim: 1 });
    return crescents
      .add(randn([n, 2], { generator }).mul(noise))
      .mul(3)
      .sub(1);
  });
}
