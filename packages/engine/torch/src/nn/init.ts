// Initialisers with the distributions of torch.nn.init, drawn from a given generator.
import { TorchError } from "../binding/errors.js";
import { noGrad } from "../tensor/grad.js";
import type { Generator } from "../tensor/random.js";
import type { Tensor } from "../tensor/tensor.js";

export interface InitOptions {
  generator?: Generator | undefined;
}
export type Nonlinearity = "linear" | "sigmoid" | "tanh" | "relu" | "leaky_relu" | "selu";

/** Fan-in and fan-out of a weight [out, in, …], receptive field included. Throws below 2 dimensions. */
export function fans(weight: Tensor): { fanIn: number; fanOut: number } {
  const [out, input, ...field] = weight.shape;
  if (out === undefined || input === undefined)
    throw new TorchError(
      "ERR_TORCH_VALUE",
      `fan-in and fan-out need a weight of at least 2 dimensions, got ${weight.ndim}`,
    );
  const receptive = field.reduce((n, d) => n * d, 1);
  return { fanIn: input * receptive, fanOut: out * receptive };
}

/** The recommended gain of an activation (torch.nn.init.calculate_gain). */
export function calculateGain(nonlinearity: Nonlinearity, param = 0.01): number {
  switch (nonlinearity) {
    case "tanh":
      return 5 / 3;
    case "relu":
      return Math.SQRT2;
    case "leaky_relu":
      return Math.sqrt(2 / (1 + param ** 2));
    case "selu":
      return 3 / 4;
    default:
      return 1;
  }
}

export function uniform_<T extends Tensor>(
  t: T,
  from = 0,
  to = 1,
  { generator }: InitOptions = {},
): T {
  return noGrad(() => t.uniform_({ from, to, generator }));
}
export function normal_<T extends Tensor>(
  t: T,
  mean = 0,
  std = 1,
  { generator }: InitOptions = {},
): T {
  return noGrad(() => t.normal_({ mean, std, generator }));
}
export function constant_<T extends Tensor>(t: T, value: number): T {
  return noGrad(() => t.fill_(value));
}
export function zeros_<T extends Tensor>(t: T): T {
  return constant_(t, 0);
}
export function ones_<T extends Tensor>(t: T): T {
  return constant_(t, 1);
}

export interface KaimingOptions extends InitOptions {
  a?: number;
  mode?: "fan_in" | "fan_out";
  nonlinearity?: Nonlinearity;
}
function kaimingStd(
  t: Tensor,
  { a = 0, mode = "fan_in", nonlinearity = "leaky_relu" }: KaimingOptions,
): number {
  const { fanIn, fanOut } = fans(t);
  return calculateGain(nonlinearity, a) / Math.sqrt(mode === "fan_in" ? fanIn : fanOut);
}
/** He et al.'s uniform initialiser (torch.nn.init.kaiming_uniform_). */
export function kaimingUniform_<T extends Tensor>(t: T, options: KaimingOptions = {}): T {
  const bound = Math.sqrt(3) * kaimingStd(t, options);
  return uniform_(t, -bound, bound, options);
}
/** He et al.'s normal initialiser. */
export function kaimingNormal_<T extends Tensor>(t: T, options: KaimingOptions = {}): T {
  return normal_(t, 0, kaimingStd(t, options), options);
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
/** Glorot & Bengio's normal initialiser. */
export function xavierNormal_<T extends Tensor>(
  t: T,
  { gain = 1, generator }: InitOptions & { gain?: number } = {},
): T {
  const { fanIn, fanOut } = fans(t);
  return normal_(t, 0, gain * Math.sqrt(2 / (fanIn + fanOut)), { generator });
}
