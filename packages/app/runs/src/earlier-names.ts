/** Names of metrics and columns in earlier versions, with the names of today. */
export const earlierNames: Readonly<Record<string, string>> = {
  agreement: "cycle_error",
  effective_share: "ess_ratio",
  stray_values: "out_of_range",
  variance_kept: "variance_ratio",
  variance_kept_least: "variance_ratio_least",
};
