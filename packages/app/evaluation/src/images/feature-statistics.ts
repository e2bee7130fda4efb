// Statistics of the features of images, kept for a whole evaluation.
import { type FeatureExtractor, type Gaussian, imageStatistics } from "@dsbm/bridge";
import { type Tensor, tidy } from "@dsbm/torch";
import type { MeasurementContext } from "../metric.js";
import type { SampleSubject } from "../subject.js";

/** Copies of the mean [d], the covariance [d, d] and its factor [d, r], freed with the context. */
export const keptGaussian = <S extends SampleSubject>(
  context: MeasurementContext<S>,
  make: () => Gaussian,
): Gaussian =>
  tidy(() => {
    const { mean, covariance, factor } = make();
    return {
      mean: context.own(() => mean),
      covariance: context.own(() => covariance),
      ...(factor && { factor: context.own(() => factor) }),
    };
  });

/** The Gaussian of the features of images [n, C, H, W], freed with the context. */
export function statisticsOf<S extends SampleSubject>(
  context: MeasurementContext<S>,
  features: FeatureExtractor,
  images: Tensor,
): Gaussian {
  using of = imageStatistics(features, images);
  return keptGaussian(context, () => of.gaussian());
}
