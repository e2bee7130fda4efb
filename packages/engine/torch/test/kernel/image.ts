// Convolutions and GroupNorm of images.
import * as T from "../../src/index.js";
import { callKernel, firstOf, leafOf, resultOf } from "./call.js";
import type { KernelRecord, Sizes } from "./record.js";

export const convolutionSizes: readonly Sizes[] = [
  [2, 32, 28, 28, 64],
  [3, 64, 7, 7, 32],
  [1, 96, 5, 9, 32],
  [9, 32, 4, 6, 32],
  [2, 16, 9, 8, 48],
  [5, 80, 7, 7, 16],
];
const plainConvolution = ([x, weight, bias]: readonly T.Tensor[]) => [
  T.conv2d(x, weight, { bias, padding: 1 }),
];
const convolutionInputs = ([n, from, height, width, to]: Sizes) => {
  const bound = 1 / Math.sqrt(9 * from);
  const uniform = (...shape: number[]) =>
    T.rand(shape)
      .sub(0.5)
      .mul(2 * bound)
      .requiresGrad_();
  return [leafOf(n, from, height, width), uniform(to, from, 3, 3), uniform(to)];
};

export const convolution: KernelRecord = {
  title: "a 3×3 convolution",
  operations: ["conv3x3", "_conv3x3", "conv3x3_pack", "conv3x3_packed", "conv3x3_weight"],
  sizes: convolutionSizes,
  within: 3e-6,
  gradientWithin: 1e-5,
  dtypes: { float64: 1e-12, bfloat16: 2 ** -6 },
  make: (size) => ({
    inputs: convolutionInputs(size),
    own: ([x, weight, bias]) => resultOf("conv3x3", x, weight, bias),
    exact: plainConvolution,
  }),
};

export const packedConvolution: KernelRecord = {
  title: "a 3×3 convolution by a packed weight",
  operations: ["conv3x3_pack", "conv3x3_packed"],
  sizes: convolutionSizes,
  within: 3e-6,
  gradientWithin: null,
  dtypes: { float64: 1e-12, bfloat16: 2 ** -6 },
  make: (size) => ({
    inputs: convolutionInputs(size).map((t) => t.detach()),
    own: ([x, weight, bias]) =>
      resultOf("conv3x3_packed", x, callKernel("conv3x3_pack", weight, false), bias),
    exact: plainConvolution,
  }),
};

export function groupNorm({ film, silu }: { film: boolean; silu: boolean }): KernelRecord {
  return {
    title: `GroupNorm${film ? " with film" : ""}${silu ? " and SiLU" : ""}`,
    operations: ["group_norm_silu", "group_norm_silu_backward"],
    sizes: [
      [3, 32, 7, 5],
      [2, 64, 14, 14],
      [1, 16, 1, 2],
      [3, 8, 4, 4],
      [2, 24, 5, 3],
    ],
    within: 2e-5,
    gradientWithin: 2e-5,
    dtypes: { float64: /float32 or bfloat16/, float16: /float32 or bfloat16/ },
    make([n, channels, height, width]) {
      // Far from 0, where sums of squares would lose digits.
      const x = leafOf(n, channels, height, width).detach().add(30).requiresGrad_();
      const affine = [leafOf(channels), leafOf(channels)];
      return {
        inputs: film ? [x, ...affine, leafOf(n, 2 * channels)] : [x, ...affine],
        own: ([y, weight, bias, scales]) =>
          firstOf("group_norm_silu", y, weight, bias, scales, 8, 1e-5, silu),
        exact: (inputs) => [plainNorm(inputs, silu)],
      };
    },
  };
}

/** GroupNorm of 8 groups, then [scale, shift] of a film, then SiLU. */
export function plainNorm([x, weight, bias, film]: readonly T.Tensor[], silu = true): T.Tensor {
  let y = T.groupNorm(x, 8, { weight, bias });
  if (film) {
    const [scale, shift] = film.unsqueeze(-1).unsqueeze(-1).chunk(2, { dim: 1 });
    y = y.mul(scale.add(1)).add(shift);
  }
  return silu ? y.silu() : y;
}
