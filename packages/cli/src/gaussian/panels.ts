// The panels of the Gaussian benchmark's convergence figure.
import type { TrendPanel } from "@dsbm/runs";

/** Moments and divergence with their exact values, from the closed form of the bridge. KL is in nats, averaged over t. */
export function gaussianPanels(exact: { mean: number; var: number; cov: number }): TrendPanel[] {
  return [
    { metric: "mean", title: "Mean", label: "mean over coordinates", exact: exact.mean },
    { metric: "var", title: "Variance", label: "variance over coordinates", exact: exact.var },
    { metric: "cov", title: "Covariance of the ends", label: "Cov(X₁, X₀)", exact: exact.cov },
    {
      metric: "kl_full",
      title: "Divergence from the exact bridge",
      label: "KL (nats), mean over t",
      scale: "log",
      floor: "floor_full",
    },
  ];
}
