// A small image run, as the tests of the trainer type it.
import { wordsOf } from "../support/words.js";

/** Squares to circles at 8×8 with a tiny network: about a second. */
export const squaresToCircles = wordsOf(`
  train dataset=synthetic data.image_size=8 first_num_iter=12 num_iter=12 n_ipf=2 batch_size=16 cache_npar=32
  cache_batch_size=16 cache_refresh_stride=6 num_steps=4 test_npar=32 test_batch_size=32 data.n_train=256 data.n_test=64
  plot_npar=16 plot_npar_path=4 log_every=4 threads=1 seed=3
`);
