// A small image run, as the tests of the trainer type it.
import { wordsOf } from "../support/words.js";

/** Squares to circles at 8×8 with a tiny network: about a second. */
export const quick = wordsOf(`
  train dataset=synthetic data.image_size=8 first_num_iter=12 num_iter=12 n_ipf=2 batch_size=32 cache_npar=64
  cache_batch_size=32 cache_refresh_stride=6 num_steps=6 test_npar=64 test_batch_size=32
  plot_npar=16 plot_npar_path=4 log_every=4 threads=1 seed=3
`);
