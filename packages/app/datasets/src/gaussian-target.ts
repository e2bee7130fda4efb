import { type Decode, decodeImages, inBatches } from "@dsbm/bridge";
import type { CompleteTrainConfig } from "@dsbm/config";
import { type Device, randn, type Tensor, tidy, zeros } from "@dsbm/torch";
import { type EndpointData, gaussianName } from "./dataset.js";

/** Mean and standard deviation of each value, [1, …]. */
export interface GaussianMoments {
  mean: Tensor;
  std: Tensor;
}

/**
 * N(mean_final, var_final), or with mean and variance of the data per value: draws of the shape of
 * rows, and the law as text. `data` (training samples) is called only if needed.
 */
export function gaussianLaw(
  config: CompleteTrainConfig,
  {
    shape,
    device,
    data,
    plain = decodeImages,
  }: {
    shape: readonly number[];
    device: Device;
    data: () => Tensor;
    plain?: (rows: Tensor) => Tensor;
  },
): {
  from: (z: Tensor) => Tensor;
  decode: Decode;
  text: string;
  moments: GaussianMoments | null;
} {
  const adaptive = config.adaptive_mean || config.final_adaptive;
  const moments = tidy(() => {
    const of = adaptive ? valueMoments(data(), plain) : null;
    const zero = zeros([1, ...shape], { device });
    const mean = of ? of.mean : zero.add(config.mean_final);
    const std = config.final_adaptive && of ? of.std : zero.add(Math.sqrt(config.var_final));
    return { mean: mean.keep(), std: std.keep() };
  });
  const text = config.final_adaptive
    ? "mean and variance of the data per pixel"
    : `${config.adaptive_mean ? "mean of the data per pixel" : `mean ${config.mean_final}`}, variance ${config.var_final}`;
  const from = (z: Tensor) => tidy(() => z.mul(moments.std).add(moments.mean));
  return {
    text,
    moments: adaptive ? moments : null,
    from,
    decode: (like, { generator }) =>
      tidy(() => from(randn([like.size(0), ...shape], { generator, device: like.device }))),
  };
}

/** Only the number of its tables' rows counts. */
export function gaussianTarget(x0: EndpointData, config: CompleteTrainConfig): EndpointData {
  const shape = x0.train.shape.slice(1);
  const { device } = x0.train;
  const rows = (n: number) =>
    tidy(() => zeros([1, ...shape], { device }).expand([n, ...shape])).keep();
  const { decode, text, moments } = gaussianLaw(config, {
    shape,
    device,
    data: () => x0.train,
    plain: x0.plain,
  });
  return {
    name: gaussianName,
    train: rows(x0.train.size(0)),
    test: rows(x0.test.size(0)),
    classes: [],
    about: `Gaussian at time 1: ${text}`,
    decode,
    plain: (rows) => rows,
    generated: null,
    conditions: null,
    order: { train: null, test: null },
    moments,
    shown: (x0.facts || x0.fields) && x0.shown,
    facts: null,
    fields: null,
    raw: null,
    masses: null,
    rates: null,
  };
}

function valueMoments(table: Tensor, plain: (rows: Tensor) => Tensor): GaussianMoments {
  const n = table.size(0);
  const total = (of: (x: Tensor) => Tensor) =>
    inBatches(table, 1000, (rows) =>
      of(plain(rows).to("float64")).sum(0, { keepdim: true }),
    ).reduce((a, b) => a.add(b));
  const mean = total((x) => x).div(n);
  const std = total((x) => x.sub(mean).square())
    .div(n)
    .sqrt();
  return { mean: mean.to("float32"), std: std.to("float32") };
}
