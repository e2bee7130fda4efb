// The columns of evaluations, apart from what measures them: tables and help need not wait for the engine.

/** How good ends are, in the order of tables. */
const judged = [
  "msd",
  "independent_msd",
  "share",
  "data_share",
  "fid_lenet",
  "data_fid_lenet",
  "fid",
  "band_error",
  "start_band_error",
  "data_band_error",
  "worst_band",
  "cond_error",
  "start_cond_error",
  "data_cond_error",
] as const;

/** The columns of an image run's results.csv. */
export const columns = [
  "half_iteration",
  "iteration",
  "direction",
  "step",
  "n",
  "nfe",
  "start_mean",
  "start_var",
  "end_mean",
  "end_var",
  "end_sample_var",
  "data_mean",
  "data_var",
  "data_sample_var",
  "mse",
  ...judged,
  "seconds_per_batch",
  "seconds",
] as const;

/** What the tables of evaluations show, where there is something. */
export const resultColumns: readonly string[] = [
  "end_mean",
  "data_mean",
  "end_var",
  "data_var",
  ...judged,
];
