// Written by node scripts/keys-table.mjs.
// biome-ignore-all format: it is generated
import type { MethodName } from "@dsbm/bridge";

/** train a Schrödinger bridge between your own datasets, with options chosen from the data, within a time limit. */
export interface FitKeys {
  /** name of a method, or of its preset. Default: "dsbm". */
  method?: MethodName | (string & {}) | undefined;
  /** directions of the half-iterations, repeated; null is [b,f], and [b] for methods with one network for both. Default: null. */
  fb_sequence?: readonly ("b" | "f")[] | null | undefined;
  /** networks learn a correction of a known drift: true: the Gaussian bridge with the data's moments; mixture: LightSB, fitted first. Chosen from your data. */
  precondition?: boolean | "mixture" | undefined;
  /** the network predicts the endpoint instead of the drift. Default: false. */
  mean_match?: boolean | undefined;
  /** weight the loss by the marginal's standard deviation; for dsb also a number or an expression of gamma. Default: true. */
  loss_scale?: boolean | number | string | undefined;
  /** divide the network's output by the marginal's standard deviation. Default: false. */
  std_trick?: boolean | undefined;
  /** reference process: Brownian motion or Ornstein-Uhlenbeck. Default: "ve". */
  sde?: "ve" | "vp" | undefined;
  /** standard deviation of the reference process at time 1; null: by gamma_min and gamma_max. Chosen from your data. */
  sigma?: number | null | undefined;
  /** smallest variance of a step. Default: 0.001. */
  gamma_min?: number | undefined;
  /** largest variance of a step. Default: 0.2. */
  gamma_max?: number | undefined;
  /** how variances change from the smallest to the largest. Default: "linspace". */
  gamma_space?: "linspace" | "geomspace" | undefined;
  /** the second half of the schedule mirrors the first (num_steps even). Default: false. */
  symmetric_gamma?: boolean | undefined;
  /** first pairs: from the reference process (IPF), or independent (IMF). Default: "ref". */
  first_coupling?: "ref" | "ind" | undefined;
  /** half-iterations that train on the pairs of first_coupling; null is the first iteration for ind, 1 for ref, 0 with precondition=mixture. Default: null. */
  first_pass?: number | null | undefined;
  /** minibatch OT of independent pairs; rows with the same condition, if there is a condition. Chosen from your data. */
  ot_sampler?: "exact" | "sinkhorn" | null | undefined;
  /** samples of each dataset in an OT plan, a multiple of batch_size; null: one batch. Chosen from your data. */
  ot_rows?: number | null | undefined;
  /** mean paths of pairs: straight lines, curves that follow the data (metric), or splines through three datasets or more. Default: "straight". */
  interpolant?: "straight" | "metric" | "spline" | undefined;
  /** interpolant=metric: LAND, or RBF with 150 kernels; null: land up to 10 columns, then rbf. Default: null. */
  path_metric?: "land" | "rbf" | null | undefined;
  /** interpolant=spline: strength of potentials that pull paths to rows (OTP-FM); null: paths pass through rows. Default: null. */
  path_potential?: number | null | undefined;
  /** flows, sf2m and growth: deviation of the noise around mean paths in training; null: in time courses and with growth the distance of neighbouring rows by coordinate, else 0. Default: null. */
  path_noise?: number | null | undefined;
  /** correct mean and standard deviation of simulated samples to the data's, by coordinate or image channel. Chosen from your data. */
  match_moments?: boolean | undefined;
  /** independent pairs share condition and class; null: only with data.condition. Default: null. */
  match_conditions?: boolean | null | undefined;
  /** share of training rows without condition or class; dsbm sample then takes guidance=. Default: 0. */
  condition_dropout?: number | undefined;
  /** mass of each dataset in order, such as cell counts, or a column to sum; null: sums of weights, else from birth and death, else equal. Default: null. */
  mass?: readonly (number)[] | string | null | undefined;
  /** tables: the column of sampling weights. Default: null. */
  weights?: string | null | undefined;
  /** wfr, wfr_bridge: the column of known birth rates, per unit of time. Default: null. */
  birth?: string | null | undefined;
  /** wfr, wfr_bridge: the column of known death rates. Default: null. */
  death?: string | null | undefined;
  /** wfr, wfr_bridge: rows farther apart than pi*delta die and are born instead of moving; null: growth is estimated first, with the length that halves of the rows agree on. Default: null. */
  delta?: number | null | undefined;
  /** wfr, wfr_bridge: penalise growth of both datasets (wfr), or of the source only (vgfm, with ot_penalty). Default: "wfr". */
  growth_coupling?: "wfr" | "vgfm" | undefined;
  /** growth_coupling=vgfm: penalty of changed mass at the source, in units of the median squared distance. Default: 1. */
  ot_penalty?: number | undefined;
  /** lightsb: penalty of changed mass, in units of x^2; null: mass is conserved. Default: null. */
  mass_penalty?: number | null | undefined;
  /** lightsb, lightsb_m: number of Gaussians in the mixture. Default: 50. */
  mixture_components?: number | undefined;
  /** lightsb, lightsb_m: initial variance of each Gaussian, in units of sigma^2. Default: 0.1. */
  mixture_spread?: number | undefined;
  /** divisor of the increment that dsb predicts; null is 2 * sqrt(gamma). Default: null. */
  langevin_scale?: number | string | null | undefined;
  /** dsb: scale the noise by var_final, instead of the first drift. Default: false. */
  var_final_gamma_scale?: boolean | undefined;
  /** flows: the network takes the length of a step, and learns to sample in one to four steps (shortcut models). Default: false. */
  shortcut?: boolean | undefined;
  /** few_steps: the run whose samples it learns to draw in few steps (see dsbm distill). Default: null. */
  teacher?: string | null | undefined;
  /** data at time 0. Default: "mnist". */
  Dataset?: string | undefined;
  /** data at time 1, with transfer=true. Default: "emnist". */
  Dataset_transfer?: string | null | undefined;
  /** data at intermediate times, in order; one bridge passes through all datasets. Default: null. */
  Dataset_between?: string | readonly (string | number)[] | number | null | undefined;
  /** with Dataset_between: the time of each dataset, in your own units; null: equally spaced from 0 to 1. Default: null. */
  times?: readonly (number)[] | null | undefined;
  /** data at both times; false: N(mean_final, var_final) at time 1. Default: true. */
  transfer?: boolean | undefined;
  /** known pairs: a table of two columns, with row numbers from 1 or values of data.id; rows: equal rows of both files; names: images of equal names. Default: null. */
  pairs?: string | null | undefined;
  /** mean of the Gaussian at time 1. Default: 0. */
  mean_final?: number | undefined;
  /** variance of the Gaussian at time 1. Default: 1. */
  var_final?: number | undefined;
  /** take the mean of the Gaussian at time 1 from the data. Default: false. */
  adaptive_mean?: boolean | undefined;
  /** take mean and variance of the Gaussian at time 1 from the data. Default: false. */
  final_adaptive?: boolean | undefined;
  /** the network also receives the data's condition. Default: false. */
  cdsb?: boolean | undefined;
  /** downscaler data: the segment of this wavenumber, 0 for all. Default: 0. */
  wavenumber?: 0 | 1 | 2 | 4 | 8 | 16 | undefined;
  /** Options `data.KEY` of the command line. */
  data?: {
    /** a label of the data. Default: null. */
    dataset?: string | null | undefined;
    /** number of training samples, generated or the first of the files; null is all. Default: null. */
    n_train?: number | null | undefined;
    /** number of test samples, as n_train. Default: null. */
    n_test?: number | null | undefined;
    /** held-out share of an image folder, an array, a table or fields. Default: 0.1. */
    test_fraction?: number | undefined;
    /** dimensions of synthetic vectors; null is the dataset's own. Default: null. */
    dim?: number | null | undefined;
    /** gaussian: the means are -a and a in every coordinate. Default: 0.1. */
    a?: number | undefined;
    /** number of principal components to project on; null: no projection. Default: null. */
    components?: number | null | undefined;
    /** data.components: training rows get the spread of other rows. Default: false. */
    shrink_components?: boolean | undefined;
    /** tables: the columns to train on; null is all with numbers; hvg:N is the N most variable columns of .h5ad matrices of counts, of all datasets together. Default: null. */
    columns?: string | readonly (string | number)[] | number | null | undefined;
    /** tables: columns to drop. Default: null. */
    exclude?: string | readonly (string | number)[] | number | null | undefined;
    /** tables: columns of texts to train on, a coordinate for each of their levels; auto is all of few different texts. Default: null. */
    categories?: string | readonly (string | number)[] | number | null | undefined;
    /** tables: columns that samples keep unchanged. Default: null. */
    keep?: string | readonly (string | number)[] | number | null | undefined;
    /** tables: the column of row ids for pairs=FILE; it is not trained on. Default: null. */
    id?: string | null | undefined;
    /** tables: the condition, a column of numbers or classes. Default: null. */
    condition?: string | null | undefined;
    /** tables: like data.condition, for a column whose numbers are codes of classes. Default: null. */
    classes?: string | null | undefined;
    /** tables and fields: columns or variables whose generated values stay in the data's range, or in a given range; true is all. Chosen from your data. */
    range?: true | string | readonly (string | number)[] | number | null | undefined;
    /** tables: columns whose generated values are rounded to whole numbers; true is all columns of whole numbers. Chosen from your data. */
    integer?: true | string | readonly (string | number)[] | number | null | undefined;
    /** tables: train on log(1 + x). Default: false. */
    log1p?: boolean | undefined;
    /** tables and fields: standardise each column or variable (columns), all by one deviation (global), or columns by their middle half, with far values drawn in (robust). Chosen from your data. */
    standardise?: "columns" | "global" | "robust" | "none" | undefined;
    /** .h5ad files: the total to which the counts of each cell are scaled; null: not. Default: null. */
    normalise?: number | null | undefined;
    /** one table with source and target: the column that separates their rows. Default: null. */
    split_by?: string | null | undefined;
    /** data.split_by: value of source rows: text, number, year, month, or a range such as 1990..1999. Default: null. */
    source?: string | number | boolean | null | undefined;
    /** data.split_by: values of intermediate times, in order. Default: null. */
    between?: string | readonly (string | number)[] | number | null | undefined;
    /** its value in target rows. Default: null. */
    target?: string | number | boolean | null | undefined;
    /** tables: use only the rows that match this condition. Default: null. */
    where?: string | null | undefined;
    /** tables: treatment of rows with missing values; fields: of fields with missing values in cells that others have. Default: "error". */
    missing?: "error" | "drop" | undefined;
    /** decimal sign of .csv and .tsv. Default: ".". */
    decimal?: "." | "," | undefined;
    /** .csv and .tsv: the sign between thousands; null: none. Default: null. */
    thousands?: "." | "," | "'" | "space" | null | undefined;
    /** tables and fields: further marks of missing values, texts or numbers. Default: null. */
    na?: string | readonly (string | number)[] | number | null | undefined;
    /** whether true and false in .csv and .tsv are the numbers 1 and 0. Default: false. */
    booleans?: boolean | undefined;
    /** whether the first line of .csv and .tsv names the columns. Default: true. */
    header?: boolean | undefined;
    /** the array of a .npz file; null for a file with one array. Default: null. */
    key?: string | null | undefined;
    /** the matrix of a .h5ad file: X, a layer, an entry of obsm, or raw; null is X. Default: null. */
    layer?: string | null | undefined;
    /** height of an image, and its width without data.image_width. Chosen from your data. */
    image_size?: number | undefined;
    /** width of an image or field; null: as its height. Chosen from your data. */
    image_width?: number | null | undefined;
    /** channels of an image; of image folders 1 (grey), 3 (colour) or 4 (transparency is kept). Chosen from your data. */
    channels?: number | undefined;
    /** image folders: the colour behind transparent parts, or of clear pixels with data.channels=4: white, black, gray or #rrggbb. Default: "white". */
    background?: string | undefined;
    /** images and fields: train on random parts of this height and width; samples are whole. Default: null. */
    crop?: number | null | undefined;
    /** mirror training images at random. Default: false. */
    random_flip?: boolean | undefined;
    /** images: channels of the latent maps of an autoencoder, trained on both datasets first, between which the bridge runs; null: between pixels. Default: null. */
    latent?: number | null | undefined;
    /** data.latent: training steps of the autoencoder. Default: 2000. */
    latent_steps?: number | undefined;
    /** NetCDF and Zarr: the variables, each one a channel, or one for each level, or for a level as ta@850; null: the only one of the file. Default: null. */
    variables?: string | readonly (string | number)[] | number | null | undefined;
    /** NetCDF and Zarr: train on log(1 + x) or √x of values from 0 on; outputs are in units of the data. Default: null. */
    transform?: "log1p" | "sqrt" | null | undefined;
    /** NetCDF and Zarr: coarsen the source: mean:4 is the mean of 4×4 cells, repeated in these cells. Default: null. */
    coarsen?: string | null | undefined;
    /** NetCDF and Zarr: networks also receive the season, by the dates of the fields. Default: false. */
    season?: boolean | undefined;
    /** NetCDF and Zarr: static fields that networks also receive, such as the height of the ground: files, or variables of the source without times. Default: null. */
    static?: string | readonly (string | number)[] | number | null | undefined;
    /** channels of the condition. Default: 0. */
    cond_channels?: number | undefined;
    /** arrays, with cdsb=true: conditions [n, C′, H, W] of source and target, a file for each; one file serves both. Default: null. */
    cond?: string | readonly (string | number)[] | number | null | undefined;
  } | undefined;
  /** Options `model.KEY` of the command line. */
  model?: string | {
    /** network; a preset chooses it. Chosen from your data. */
    name?: "UNET" | "DownscalerUNET" | "DDPMpp" | "MLP" | undefined;
    /** channels that the multipliers multiply; UNET, DownscalerUNET only. Chosen from your data. */
    num_channels?: number | undefined;
    /** channel multipliers of the resolutions; null goes by the image size; UNET, DownscalerUNET only. Chosen from your data. */
    channel_mult?: string | number | readonly (number)[] | null | undefined;
    /** residual blocks of each resolution (DownscalerUNET: in the middle); UNET, DownscalerUNET, DDPMpp only. Chosen from your data. */
    num_res_blocks?: number | undefined;
    /** image sizes with attention; sizes that the network does not have are ignored; UNET only. Chosen from your data. */
    attention_resolutions?: string | number | readonly (number)[] | null | undefined;
    /** heads of attention; UNET only. Default: 4. */
    num_heads?: number | undefined;
    /** channels of a head; null: by num_heads; UNET only. Default: null. */
    num_head_channels?: number | null | undefined;
    /** heads on the way up; null is num_heads; UNET only. Default: null. */
    num_heads_upsample?: number | null | undefined;
    /** probability that an activation is dropped; UNET, DownscalerUNET, DDPMpp only. Chosen from your data. */
    dropout?: number | undefined;
    /** time scales and shifts the activations instead of being added; UNET only. Default: true. */
    use_scale_shift_norm?: boolean | undefined;
    /** residual blocks change the resolution; UNET only. Default: false. */
    resblock_updown?: boolean | undefined;
    /** convolutions change the resolution; UNET only. Default: true. */
    conv_resample?: boolean | undefined;
    /** the network also receives the class; UNET only. Default: false. */
    class_cond?: boolean | undefined;
    /** recompute activations in the backward pass to save memory; UNET only. Default: false. */
    use_checkpoint?: boolean | undefined;
    /** factor of the time before its embedding; UNET, DownscalerUNET, DDPMpp only. Default: 1000. */
    temb_scale?: number | undefined;
    /** channels of the time embedding and of the bypass, a multiple of 32 (at least 256 for a bypass that carries means); null: the channels of the coarsest resolution; DownscalerUNET only. Default: null. */
    embed_dim?: number | null | undefined;
    /** the spatial means go around the network; DownscalerUNET only. Default: true. */
    mean_bypass?: boolean | undefined;
    /** scale them by 1/sqrt(H*W); DownscalerUNET only. Default: true. */
    scale_mean_bypass?: boolean | undefined;
    /** has no effect, as in the published network; DownscalerUNET only. Default: true. */
    shift_input?: boolean | undefined;
    /** remove the output's spatial mean; DownscalerUNET only. Default: true. */
    shift_output?: boolean | undefined;
    /** padding of convolutions; circular is the opposite side, for periodic fields; DownscalerUNET only. Default: "zeros". */
    padding_mode?: "zeros" | "circular" | undefined;
    /** channels that the multipliers multiply; DDPMpp only. Default: 128. */
    nf?: number | undefined;
    /** channel multipliers of the resolutions; DDPMpp only. Default: "1,2,2,2". */
    ch_mult?: string | number | readonly (number)[] | undefined;
    /** image sizes with attention; DDPMpp only. Default: "16". */
    attn_resolutions?: string | number | readonly (number)[] | null | undefined;
    /** kind of residual block; DDPMpp only. Default: "biggan". */
    resblock_type?: "biggan" | "ddpm" | undefined;
    /** convolutions change the resolution; DDPMpp only. Default: true. */
    resamp_with_conv?: boolean | undefined;
    /** change the resolution with a low-pass filter; DDPMpp only. Default: false. */
    fir?: boolean | undefined;
    /** taps of the low-pass filter; DDPMpp only. Default: "1,3,3,1". */
    fir_kernel?: string | number | readonly (number)[] | undefined;
    /** divide sums of branches by sqrt(2); DDPMpp only. Default: true. */
    skip_rescale?: boolean | undefined;
    /** pyramid at the output; DDPMpp only. Default: "none". */
    progressive?: "none" | "output_skip" | "residual" | undefined;
    /** pyramid at the input; DDPMpp only. Default: "none". */
    progressive_input?: "none" | "input_skip" | "residual" | undefined;
    /** how the input's pyramid joins the network; DDPMpp only. Default: "sum". */
    progressive_combine?: "sum" | "cat" | undefined;
    /** scale of the last layers' weights; DDPMpp only. Default: 0. */
    init_scale?: number | undefined;
    /** widths of the hidden layers; MLP only. Chosen from your data. */
    hidden?: string | number | readonly (number)[] | undefined;
    /** frequencies of the time embedding; 0: the time is an input next to x; MLP only. Default: 0. */
    time_frequencies?: number | undefined;
  } | undefined;
  /** folder of the experiment's runs. Default: "mnist_transfer". */
  name?: string | undefined;
  /** seed of data, weights and training. Default: 42. */
  seed?: number | undefined;
  /** metrics in addition to metrics.jsonl; Wandb writes TensorBoard files for wandb sync. Default: "CSV". */
  LOGGER?: "Wandb" | "TensorBoard" | "CSV" | "JSONL" | "NONE" | undefined;
  /** run of Weights & Biases that receives the metrics. Default: null. */
  wandb_id?: string | null | undefined;
  /** training steps between two lines of metrics. Default: 10. */
  log_every?: number | undefined;
  /** processor threads; auto: by the work of a step. Default: "auto". */
  threads?: "auto" | number | undefined;
  /** where tensors are kept. Default: "cpu". */
  device?: string | undefined;
  /** processes on this machine that train together and share each batch. Default: 1. */
  nproc?: number | undefined;
  /** processes share each batch (true) or only simulations (false); auto: what is faster. Default: "auto". */
  share_batch?: "auto" | boolean | undefined;
  /** parts of a step that a process computes one after the other, for less memory. Default: 1. */
  accumulate?: number | undefined;
  /** seconds that a process waits for the others. Default: 600. */
  dist_timeout?: number | undefined;
  /** Options `paths.KEY` of the command line. */
  paths?: {
    /** folder of the data files. Default: "data". */
    data_dir_name?: string | undefined;
    /** folder of all runs; also experiments_dir. Default: "experiments". */
    experiments_dir_name?: string | undefined;
  } | undefined;
  /** iterations, each of a backward and a forward pass. Chosen from your data. */
  n_ipf?: number | undefined;
  /** half-iterations in all; null is n_ipf * fb_sequence.length. Default: null. */
  half_iterations?: number | null | undefined;
  /** training steps of a half-iteration. Chosen from your data. */
  num_iter?: number | undefined;
  /** training steps of each half-iteration in the first iteration; null is num_iter. Chosen from your data. */
  first_num_iter?: number | null | undefined;
  /** steps of the sampler and of the schedule. Chosen from your data. */
  num_steps?: number | undefined;
  /** steps of the sampler in evaluations, one number or a list; null is num_steps. Default: null. */
  test_num_steps?: number | readonly (number | null)[] | null | undefined;
  /** times are drawn from [eps, 1-eps]; null is the method's own eps. Default: 0.0001. */
  eps?: number | null | undefined;
  /** distribution of training times: equally many in each step of the schedule, or half of them (mixed); null: uniform. Default: null. */
  time_sampling?: "schedule" | "mixed" | null | undefined;
  /** noise of a sampler's step: as the process (Euler-Maruyama), as the bridge to the predicted endpoint, or analytic (measured). Chosen from your data. */
  step_variance?: "process" | "bridge" | "analytic" | undefined;
  /** rows of a training step. Chosen from your data. */
  batch_size?: number | undefined;
  /** precision of matrix products and convolutions of a training step; weights stay float32. Default: "float32". */
  dtype?: "float32" | "bfloat16" | undefined;
  /** precision of simulated pairs and evaluations; state and noise stay float32. Default: "float32". */
  simulate_dtype?: "float32" | "bfloat16" | undefined;
  /** copies of a pair in a batch, each with its own time and noise. Default: 1. */
  num_repeat_data?: number | undefined;
  /** optimiser. Default: "Adam". */
  optimizer?: "Adam" | "AdamW" | undefined;
  /** learning rate. Chosen from your data. */
  lr?: number | undefined;
  /** decay of the learning rate to 0 in each half-iteration; null: constant. Default: null. */
  lr_schedule?: "cosine" | null | undefined;
  /** warm-up steps of the learning rate in each half-iteration; null: none. Chosen from your data. */
  lr_warmup?: number | null | undefined;
  /** weight decay. Default: 0. */
  weight_decay?: number | undefined;
  /** squared error: mean over all elements, or summed over a sample's dimensions. Default: "mean". */
  loss_reduction?: "mean" | "sum" | undefined;
  /** use grad_clip; false: no clipping. Default: true. */
  grad_clipping?: boolean | undefined;
  /** largest global norm of the gradient; null: no clipping. Default: 1. */
  grad_clip?: number | null | undefined;
  /** sample with averaged weights. Default: true. */
  ema?: boolean | undefined;
  /** decay of the averaged weights; null: none. Chosen from your data. */
  ema_rate?: number | null | undefined;
  /** the average restarts, with a warm-up, in each half-iteration. Default: false. */
  ema_warmup?: boolean | undefined;
  /** continue from the network and the optimiser of the iteration before. Default: true. */
  use_prev_net?: boolean | undefined;
  /** the optimiser also continues; method: as usual for the method; null: as use_prev_net. Default: null. */
  keep_optimizer?: boolean | "method" | null | undefined;
  /** simulated pairs are on disk for cache_refresh_stride steps, or in memory for one epoch. Default: "disk". */
  cache?: "disk" | "epoch" | undefined;
  /** simulate training pairs with the noise of the last step. Chosen from your data. */
  last_noise?: boolean | undefined;
  /** pairs of a cache; null is batch_size * cache_refresh_stride / num_repeat_data. Chosen from your data. */
  cache_npar?: number | null | undefined;
  /** pairs simulated together; bounds the memory. Chosen from your data. */
  cache_batch_size?: number | undefined;
  /** training steps between two caches; null is num_iter. Chosen from your data. */
  cache_refresh_stride?: number | null | undefined;
  /** steps of the sampler for training pairs; null is num_steps. Default: null. */
  cache_num_steps?: number | null | undefined;
  /** alpha_dsbm: take rows from these caches instead of new rows in every step (cache=disk). Chosen from your data. */
  online_cache?: boolean | undefined;
  /** standardise simulated x1 per pixel over the cache (transfer=false). Default: false. */
  normalize_x1?: boolean | undefined;
  /** samples of an evaluation; null is data.n_test, or 10000. Chosen from your data. */
  test_npar?: number | null | undefined;
  /** samples simulated together in an evaluation. Default: 1000. */
  test_batch_size?: number | undefined;
  /** training steps between evaluations; null is num_iter. Chosen from your data. */
  gif_stride?: number | null | undefined;
  /** images of evaluations: 0 none, 1 endpoints, 2 also paths, 3 also vectors of all half-iterations. Default: 2. */
  plot_level?: number | undefined;
  /** images in a grid. Default: 100. */
  plot_npar?: number | undefined;
  /** images whose paths are drawn. Default: 16. */
  plot_npar_path?: number | undefined;
  /** animate the paths (plot_level 2 and 3). Default: true. */
  gif?: boolean | undefined;
  /** Options `metrics.KEY` of the command line. */
  metrics?: {
    /** TorchScript file of Inception-v3, for FID and KID; its code runs; null: neither. Default: null. */
    inception?: string | null | undefined;
    /** train a small classifier on labelled data, for fid_lenet and class shares. Default: true. */
    judge?: boolean | undefined;
    /** statistics (mu, sigma) of real images for the FID at Dataset; null: of its training images. Default: null. */
    fid_statistics?: string | null | undefined;
    /** energy by wavenumber and its error in each octave (fields). Default: false. */
    spectrum?: boolean | undefined;
  } | undefined;
  /** start the next half-iteration instead of finishing the saved one. Default: false. */
  autostart_next_it?: boolean | undefined;
  /** start from the files named below. Default: false. */
  checkpoint_run?: boolean | undefined;
  /** iteration to start in. Default: 1. */
  checkpoint_it?: number | undefined;
  /** direction to start with. Default: "b". */
  checkpoint_pass?: "b" | "f" | undefined;
  /** finished training steps of this half-iteration. Default: 0. */
  checkpoint_iter?: number | undefined;
  /** weights of the forward network. Default: null. */
  checkpoint_f?: string | null | undefined;
  /** weights of the backward network. Default: null. */
  checkpoint_b?: string | null | undefined;
  /** averaged weights of the forward network. Default: null. */
  sample_checkpoint_f?: string | null | undefined;
  /** averaged weights of the backward network. Default: null. */
  sample_checkpoint_b?: string | null | undefined;
  /** state of the forward optimiser. Default: null. */
  optimizer_checkpoint_f?: string | null | undefined;
  /** state of the backward optimiser. Default: null. */
  optimizer_checkpoint_b?: string | null | undefined;
  /** training steps between checkpoints; null is gif_stride. Chosen from your data. */
  checkpoint_stride?: number | null | undefined;
  /** maximum minutes between checkpoints; null: no limit. Default: 10. */
  checkpoint_minutes?: number | null | undefined;
  /** number of newest checkpoints to keep. Default: 3. */
  keep_last?: number | undefined;
  /** minutes for training, evaluation and report together; null: num_iter steps without a time limit. Default: 10. */
  max_minutes?: number | null | undefined;
  /** a time course in one table: the column of times. Default: null. */
  time?: string | null | undefined;
  /** with time=: the order of text times. Default: null. */
  time_order?: string | readonly (string | number)[] | number | null | undefined;
  /** time courses: test the bridge by a short training without each inner time; full: by a full training; tables of up to 350 rows: judge by 3-fold cross-validation. Default: true. */
  loo?: boolean | "full" | undefined;
  /** held-out samples of an intermediate time, for the evaluation. Default: null. */
  holdout?: string | readonly (string)[] | null | undefined;
  /** the time of each hold-out, in the units of times=; with two datasets from 0 to 1. Default: null. */
  at?: number | readonly (number)[] | null | undefined;
}

/** apply a trained bridge to new samples, row by row, in either direction. */
export interface SampleKeys {
  /** f: from time 0 to 1; b: from 1 to 0; null: f for tables and runs of dsbm fit, else b. Default: null. */
  direction?: "b" | "f" | null | undefined;
  /** the time of the samples in NEW: a time of the datasets or between; other rows are skipped; null: the start. Default: null. */
  from?: string | number | boolean | null | undefined;
  /** the time of the generated samples; null: the end of the direction. Default: null. */
  to?: string | number | boolean | null | undefined;
  /** the run after this half-iteration. Default: "newest". */
  half_iteration?: "newest" | number | undefined;
  /** seed of the noise. Default: 42. */
  seed?: number | undefined;
  /** sampler: sde, as in the run's evaluations, or a solver of the probability-flow ODE. Default: "sde". */
  solver?: "sde" | "dopri5" | "heun" | "euler" | undefined;
  /** steps of the sampler; null: as in training. Default: null. */
  steps?: number | null | undefined;
  /** noise of solver=sde per unit of time, as sigma, with the same marginals; 0: the probability flow; null: as trained. Default: null. */
  diffusion?: number | null | undefined;
  /** noise of a step of solver=sde: process for much noise, bridge for little, analytic if the run has it; null: as trained. Default: null. */
  step_variance?: "process" | "bridge" | "analytic" | null | undefined;
  /** for runs with condition_dropout: weight of the condition; 1: as trained, 0: ignored, 2: twice. Default: 1. */
  guidance?: number | undefined;
  /** tolerances rtol and atol of dopri5; null is 1e-5. Default: null. */
  ode_tol?: number | null | undefined;
  /** time step of heun and euler; null is 0.01. Default: null. */
  ode_step_size?: number | null | undefined;
  /** arrays and NetCDF: draws for each sample, a dimension of the output. Default: 1. */
  members?: number | undefined;
  /** NetCDF and Zarr: a run that takes the samples of RUN, such as finer fields. Default: null. */
  then?: string | null | undefined;
  /** NetCDF and Zarr: the variables of NEW; null: as in the run. Default: null. */
  variables?: string | readonly (string | number)[] | number | null | undefined;
  /** write all states, the start first: [steps + 1, n, …], a long table with a column t, or an animation (.gif, .webp) of images. Default: false. */
  path?: boolean | undefined;
  /** tables: columns that are copied unchanged; null: as in the run (data.keep). Default: null. */
  keep?: string | readonly (string | number)[] | number | null | undefined;
  /** runs with data.split_by: the group to transport, * for all; null: the source group of the direction. Default: null. */
  group?: string | number | boolean | null | undefined;
  /** tables: treatment of rows with missing values; null: as in training. Default: null. */
  missing?: "error" | "drop" | null | undefined;
  /** tables: transport only the rows of NEW that match this condition; null: all. Default: null. */
  where?: string | null | undefined;
  /** decimal sign of .csv and .tsv; null: as in training. Default: null. */
  decimal?: "." | "," | null | undefined;
  /** .csv and .tsv: the sign between thousands; null: as in training. Default: null. */
  thousands?: "." | "," | "'" | "space" | null | undefined;
  /** tables: further marks of missing values; null: as in training. Default: null. */
  na?: string | readonly (string | number)[] | number | null | undefined;
  /** whether true and false in .csv and .tsv are 1 and 0; null: as in training. Default: null. */
  booleans?: boolean | null | undefined;
  /** whether the first line of .csv and .tsv names the columns; null: as in training. Default: null. */
  header?: true | false | null | undefined;
  /** the array of a .npz file; null for a file with one array. Default: null. */
  key?: string | null | undefined;
  /** the matrix of a .h5ad file; null: as in training. Default: null. */
  layer?: string | null | undefined;
  /** samples read, simulated and written together, rounded up to whole blocks; null: by their size. Default: null. */
  batch_size?: number | null | undefined;
  /** maximum pixels of an image. Default: 100000000. */
  max_pixels?: number | undefined;
  /** for runs with cdsb=true: conditions, one for each sample. Default: null. */
  cond?: string | null | undefined;
  /** class of all samples, or a file with a class for each sample. Default: null. */
  y?: number | string | null | undefined;
  /** crop images to the middle square and scale them to the size of the run; null: as for the training images. Default: null. */
  resize?: boolean | null | undefined;
  /** replace an existing output. Default: false. */
  overwrite?: boolean | undefined;
  /** processor threads; auto is all of them. Default: "auto". */
  threads?: "auto" | number | undefined;
  /** where tensors are kept. Default: "cpu". */
  device?: string | undefined;
}

/** evaluate the bridge of a run: metrics with floors and ceilings, into RUN/quality.json. */
export interface EvaluateKeys {
  /** maximum rows of each side; null: 2,000 vectors, up to 128 images. Default: null. */
  n?: number | null | undefined;
  /** seed of all random numbers. Default: 42. */
  seed?: number | undefined;
  /** evaluate on held-out rows (test) or on training rows (train). Default: "test". */
  split?: "test" | "train" | undefined;
  /** the run after this half-iteration. Default: "newest". */
  half_iteration?: "newest" | number | undefined;
  /** f: from time 0 to time 1; b: from 1 to 0. Default: "both". */
  direction?: "both" | "f" | "b" | undefined;
  /** steps of the sampler; null: as in training. Default: null. */
  steps?: number | null | undefined;
  /** sampler: sde, as the run samples, or a solver of its probability flow. Default: "sde". */
  solver?: "sde" | "dopri5" | "heun" | "euler" | undefined;
  /** noise of solver=sde per unit of time, as sigma, with the same marginals; 0: the probability flow; null: as trained. Default: null. */
  diffusion?: number | null | undefined;
  /** noise of a step of solver=sde: process for much noise, bridge for little, analytic if the run has it; null: as trained. Default: null. */
  step_variance?: "process" | "bridge" | "analytic" | null | undefined;
  /** for runs with condition_dropout: weight of the condition; 1: as trained, 0: ignored, 2: twice. Default: 1. */
  guidance?: number | undefined;
  /** tolerances rtol and atol of dopri5; null is 1e-5. Default: null. */
  ode_tol?: number | null | undefined;
  /** time step of heun and euler; null is 0.01. Default: null. */
  ode_step_size?: number | null | undefined;
  /** only these metrics or groups (endpoints, plan, path, columns, marginals, holdout); null is all. Default: null. */
  metrics?: string | readonly (string)[] | null | undefined;
  /** TorchScript file of Inception-v3, for FID and KID; its code runs. Default: null. */
  inception?: string | null | undefined;
  /** statistics (mu, sigma) of real images for the FID. Default: null. */
  fid_statistics?: string | null | undefined;
  /** maximum rows of each side for exact distances; more than 30,000 would take too long. Default: 2000. */
  exact?: number | undefined;
  /** held-out samples of an intermediate time, in the units of the data. Default: null. */
  holdout?: string | readonly (string)[] | null | undefined;
  /** the time of each hold-out, in the units of times=; with two datasets from 0 to 1. Default: null. */
  at?: number | readonly (number)[] | null | undefined;
  /** print the rows as JSON instead of a table. Default: false. */
  json?: boolean | undefined;
  /** write quality.json here instead of into RUN. Default: null. */
  out?: string | null | undefined;
  /** processor threads; auto is all of them. Default: "auto". */
  threads?: "auto" | number | undefined;
  /** where tensors are kept. Default: "cpu". */
  device?: string | undefined;
}

/** export a trained bridge: ONNX models with a sampler, or a page. */
export interface ExportKeys {
  /** f: from time 0 to 1; b: from 1 to 0; null: all trained directions. Default: null. */
  direction?: "b" | "f" | "both" | null | undefined;
  /** the run after this half-iteration. Default: "newest". */
  half_iteration?: "newest" | number | undefined;
  /** the licence of the exported networks, a name or a text. Default: null. */
  license?: string | null | undefined;
  /** held-out samples of each dataset in a page; null: 1,000 rows, fewer of wide tables, 48 images. Default: null. */
  samples?: number | null | undefined;
  /** replace existing files. Default: false. */
  overwrite?: boolean | undefined;
}
