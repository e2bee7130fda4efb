// Initialisers with the distributions of torch.nn.init, drawn from a given generator.
import { misfit } from "../binding/errors.js";
import { noGrad } from "../tensor/grad.js";
import type { Generator } from "../tensor/random.js";
import type { Tensor } from "../tensor/tensor.js";

/** The random stream of an initialiser. */
export interface InitOptions {
  /** Default: the default generator. */
  generator?: Generator | undefined;
}

/**
 * Fan-in and fan-out of a weight [out, in, …], receptive field included.
 * @throws below 2 dimensions.
 */
export function fans(weight: Tensor): { fanIn: number; fanOut: number } {
  const [out, input, ...field] = weight.shape;
  if (out === undefined || input === undefined)
    throw misfit(`fan-in and fan-out need a weight of at least 2 dimensions, got ${weight.ndim}`);
  const receptive = field.reduce((n, d) => n * d, 1);
  return { fanIn: input * receptive, fanOut: out * receptive };
}

/** Fills with U[from, to) in place, without a graph. */
export function uniform_<T extends Tensor>(
  t: T,
  from = 0,
  to = 1,
  { generator }: InitOptions = {},
): T {
  return noGrad(() => t.uniform_({ from, to, generator }));
}
/** Fills with N(mean, std²) in place, without a graph. */
export function normal_<T extends Tensor>(
  t: T,
  mean = 0,
  std = 1,
  { generator }: InitOptions = {},
): T {
  return noGrad(() => t.normal_({ mean, std, generator }));
}
/** Fills with 0 in place, without a graph. */
export function zeros_<T extends Tensor>(t: T): T {
  return noGrad(() => t.fill_(0));
}

/** He et al.'s uniform initialiser for a rectifier of negative slope `a` (torch.nn.init.kaiming_uniform_). */
export function kaimingUniform_<T extends Tensor>(
  t: T,
  { a = 0, generator }: InitOptions & { a?: number } = {},
): T {
  const bound = Math.sqrt(3) * (Math.sqrt(2 / (1 + a ** 2)) / Math.sqrt(fans(t).fanIn));
  return uniform_(t, -bound, bound, { generator });
}

/** Glorot & Bengio's uniform initialiser. */
export function xavierUniform_<T extends Tensor>(
  t: T,
  { gain = 1, generator }: InitOptions & { gain?: number } = {},
): T {
  const { fanIn, fanOut } = fans(t);
  const bound = gain * Math.sqrt(6 / (fanIn + fanOut));
  return uniform_(t, -bound, bound, { generator });
}
