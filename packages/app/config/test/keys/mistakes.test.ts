import { factsNamed, methodsWith } from "@dsbm/bridge/facts";
import { describe, expect, it } from "vitest";
import { networkNames } from "../../src/keys/model.js";
import { trainSchema } from "../../src/keys/train.js";
import { problems, run } from "../commands/support.js";
import { thrownError } from "../thrown.js";

describe("mistakes", () => {
  it.each([
    ["num_itr=5", 'unknown key "num_itr": did you mean "num_iter"?'],
    ["model.dropot=0", 'unknown key "model.dropot": did you mean "model.dropout"?'],
    ["data.groupby=day", 'unknown key "data.groupby": did you mean "data.split_by"?'],
    ["label=day", 'unknown key "label": did you mean "data.condition" or "data.split_by"?'],
    ["model.nf=64", "model.nf is a key of DDPMpp, got UNET: leave it out, or choose another model"],
    [
      "experiments_dir=",
      'paths.experiments_dir_name: expected non-empty text, got ""; write for example paths.experiments_dir_name=experiments',
    ],
  ])("%s", (word, line) => expect(problems(word)).toEqual([line]));

  const list = "text such as '0.5,1,1', a finite number > 0, null or a non-empty list";
  const networks = Object.keys(networkNames)
    .join(", ")
    .replace(/, (\w+)$/, " or $1");
  it.each([
    ["model.name=UNETT", networks, '"UNETT"', "UNET"],
    ["num_iter=0", "an integer >= 1", "0", "500000"],
    ["lr=nan", "a finite number > 0", "nan", "0.0001"],
    ["eps=0.5", "a finite number >= 0 and < 0.5 or null", "0.5", "0.0001"],
    ["fb_sequence=[]", "null or a non-empty list, each item b or f", "[]", "[b,f]"],
    ["threads=0", "auto or an integer >= 1", "0", "auto"],
    ["device=gpu", "text such as cpu, cuda, cuda:1", '"gpu"', "cpu"],
    ["LOGGER=wandb", "Wandb, TensorBoard, CSV, JSONL or NONE", '"wandb"', "CSV"],
    ["cache_npar=many", "an integer >= 1 or null", '"many"', "10000"],
    ["model.dropout=1", "a finite number >= 0 and < 1", "1", "0.1"],
    ["model.channel_mult=x", `${list}, each item a finite number > 0`, '"x"', "'0.5,1,1'"],
  ])("%s", (word, expected, got, example) => {
    const [key] = word.split("=");
    const cure = `write for example ${key}=${example}`;
    expect(problems(word)).toEqual([`${key}: expected ${expected}, got ${got}; ${cure}`]);
  });

  it.each([
    ["method=dbdbs", /no preset "method\/dbdbs": did you mean "dbdsb"\?/],
    ["model=unet", /did you mean "UNET"\?/],
    ["dataset=imagenet", /there are: .*cifar10/],
  ])("%s names a missing preset", (word, message) => expect(problems(word)[0]).toMatch(message));

  it.each<[string, RegExp]>([
    ["gamma_min=0.3", /^gamma_min=0.3 is more than gamma_max=0.2: /],
    ["symmetric_gamma=true num_steps=31", /num_steps=31 .* write num_steps=32 or/],
    ["method=rf num_steps=15", /^symmetric_gamma=true .* write num_steps=16/],
    [
      "method=alpha_dsbm sde=vp",
      /^method=alpha_dsbm is for Brownian motion, got sde=vp: write sde=ve$/,
    ],
    [
      "method=sf2m mean_match=true",
      /^mean_match=true does not apply to method=sf2m: leave it out$/,
    ],
    ["method=alpha_dsbm eps=0", /^eps=0 makes the target of alpha_dsbm infinite/],
    [
      "method=sf2m precondition=true",
      /^precondition=true is for method=dbdsb, alpha_dsbm, got method=sf2m: leave it out$/,
    ],
    [
      "method=otcfm step_variance=analytic",
      /^step_variance=analytic is for method=dbdsb, .*, got method=otcfm: leave it out$/,
    ],
    [
      "step_variance=analytic sde=vp",
      /^step_variance=analytic is for Brownian motion, .* write sde=ve/,
    ],
    ...["variables=[tas]", "transform=log1p", "coarsen=mean:2", "static=[orog]", "season=true"].map(
      (option): [string, RegExp] => [
        `Dataset=table:a.csv data.${option}`,
        /is for NetCDF files and Zarr folders, got table:a.csv: leave it out/,
      ],
    ),
    ["precondition=true std_trick=true", /^precondition=true .* got std_trick=true: leave either/],
    [
      "method=sf2m match_moments=true",
      /^match_moments=true is for method=dbdsb, .* got method=sf2m: leave it out$/,
    ],
    [
      "dataset=downscaler_synthetic precondition=mixture std_trick=false",
      /^precondition=mixture takes no condition: write/,
    ],
    [
      "dataset=downscaler_synthetic method=lightsb_m",
      /^method=lightsb_m is a closed form, which takes no condition/,
    ],
    [
      "method=rf first_coupling=ref",
      /^method=rf has first_coupling=ind, got first_coupling=ref: leave first_coupling out/,
    ],
    ["method=otcfm first_coupling=ref", /^method=otcfm has first_coupling=ind, got/],
    ["method=bm n_ipf=3", /^method=bm has n_ipf=1, got n_ipf=3: leave n_ipf out/],
    ["ot_sampler=exact", /^ot_sampler=exact .* write first_coupling=ind$/],
    [
      "match_conditions=true first_coupling=ind",
      /^match_conditions=true needs conditions \(cdsb=true, model.class_cond=true, data.condition=COLUMN or data.season=true\): leave it out$/,
    ],
    [
      "dataset=downscaler_synthetic ot_sampler=exact",
      /^match_conditions=true .* ot_sampler=exact .*: write match_conditions=false or ot_sampler=null$/,
    ],
    ["method=lightsb pairs=known.csv", /^pairs=known.csv does not apply to method=lightsb/],
    ["pairs=known.csv transfer=false", /^pairs=known.csv pairs rows of two datasets, .* Gaussian/],
    ["method=lightsb mass=[1,2]", /^mass=\[1,2\] needs a method .*: write mass_penalty=1, or/],
    ["method=lightsb mass_penalty=1 transfer=false", /^method=lightsb moves mass between two/],
    ["first_coupling=ind pairs=known.csv weights=w", /^weights=w draws rows again, and pairs=/],
    [
      "method=wfr",
      /^method=wfr is for vectors, got model.name=UNET: write model=MLP, or method=dsbm/,
    ],
    [
      "method=dbdsb shortcut=true",
      /^shortcut=true is for method=otcfm, rf, got method=dbdsb: leave it out$/,
    ],
    ["method=wfr sde=vp model=MLP", /^method=wfr is for Brownian motion, got sde=vp/],
    [
      "method=wfr model=MLP transfer=false",
      /^method=wfr moves mass between two datasets, .* transfer=true$/,
    ],
    ["model=MLP interpolant=metric", /^interpolant=metric is for method=sf2m, .*wfr_br/],
    [
      "method=rf interpolant=spline",
      /^interpolant=spline joins rows by transport, .* method=otcfm/,
    ],
    ["method=wfr model=MLP interpolant=spline birth=b", /^interpolant=spline .* of two datasets/],
    [
      "method=sf2m model=MLP interpolant=metric step_variance=analytic",
      /^interpolant=metric has no noise of straight bridges: leave step_variance=analytic out$/,
    ],
    ["method=sf2m path_metric=rbf", /^path_metric=rbf is for interpolant=metric: leave it out$/],
    ["condition_dropout=0.1", /^condition_dropout=0.1 needs conditions \(/],
    ["method=otcfm interpolant=metric", /^interpolant=metric is for vectors \(model=MLP\)/],
    ["loss_scale='1/sqrt(gamma)'", /^loss_scale='1\/sqrt\(gamma\)' .* only method=dsb/],
    ["Dataset_transfer=null", /^transfer=true needs data at time 1/],
    ["wavenumber=4", /^wavenumber=4 is for downscaler data: leave it out$/],
    ["num_repeat_data=3", /^batch_size=128 is no multiple of num_repeat_data=3.* batch_size=129$/],
    ["cache_npar=64", /^cache_npar=64 is fewer than the 128 pairs .* cache_npar=128 or more$/],
    ["ot_rows=512", /^ot_rows=512 has no transport \(ot_sampler=exact first_coupling=ind\)/],
    ["cdsb=true", /^cdsb=true does not go with data.cond_channels=0/],
    ["data.cond_channels=1", /^cdsb=false does not go with data.cond_channels=1/],
    ["model=DownscalerUNET", /^model.name=DownscalerUNET needs a condition/],
    ["checkpoint_b=b.ckpt", /^checkpoint_b would not be read, because checkpoint_run=false/],
    ["checkpoint_run=true", /^checkpoint_run=true names no file/],
    [
      "checkpoint_run=true checkpoint_b=b sample_checkpoint_f=f checkpoint_it=51",
      /beyond the last iteration/,
    ],
    [
      "checkpoint_run=true sample_checkpoint_b=b checkpoint_iter=9",
      /^checkpoint_iter=9 starts inside a b pass .* write checkpoint_b=…$/,
    ],
    [
      "checkpoint_run=true checkpoint_b=b optimizer_checkpoint_f=o",
      /^optimizer_checkpoint_f .* write checkpoint_f=…$/,
    ],
    [
      "checkpoint_run=true checkpoint_b=b checkpoint_it=2",
      /^checkpoint_it=2 checkpoint_pass=b simulates pairs with the f network, .*checkpoint_f=…$/,
    ],
    [
      "data.latent=4 transfer=false",
      /^data\.latent=4 is for two datasets of images .*, got transfer=false: write transfer=true$/,
    ],
    [
      "data.latent=4 cdsb=true data.cond_channels=1",
      /^data\.latent=4 .*, got cdsb=true: write cdsb=false$/,
    ],
    [
      "data.latent=4 data.image_size=30",
      /^data\.latent=4 needs .* multiples of 4, got 30×30: write data\.image_size=32$/,
    ],
    [
      "data.latent=4 data.image_size=100",
      /multiples of 8, got 100×100: write data\.image_size=104$/,
    ],
    [
      "checkpoint_run=true checkpoint_f=f checkpoint_pass=f",
      /^checkpoint_it=1 checkpoint_pass=f simulates pairs with the b network/,
    ],
  ])("%s do not go together", (line, message) => {
    const words = line.split(" ");
    expect(problems(...words)).toEqual([expect.stringMatching(message)]);
    expect(thrownError(() => run(...words)).code).toBe("value");
  });

  it.each([
    "gamma_min=0.2",
    "symmetric_gamma=true num_steps=32",
    "symmetric_gamma=false num_steps=31",
    "ot_sampler=exact first_coupling=ind",
    "method=dsb loss_scale='1/sqrt(gamma)' langevin_scale=2",
    "method=otcfm ot_sampler=null",
    "pairs=known.csv first_coupling=ind ot_sampler=exact",
    "method=lightsb_m pairs=known.csv ot_sampler=sinkhorn",
    "method=rf match_conditions=true model.class_cond=true",
    "dataset=downscaler_synthetic method=otcfm",
    "dataset=downscaler_synthetic method=dsb",
    "dataset=downscaler_synthetic first_coupling=ref",
    "dataset=downscaler_synthetic transfer=false",
    "dataset=downscaler_synthetic match_conditions=false ot_sampler=exact",
    "transfer=false normalize_x1=true final_adaptive=true adaptive_mean=true",
    "dataset=downscaler_transfer wavenumber=4",
    "Dataset=folder:photos/cats Dataset_transfer=folder:/dogs data.test_fraction=0.2",
    "num_repeat_data=4 cache_npar=32",
    "data.latent=4 data.image_size=64",
    "Dataset=mine Dataset_transfer=yours data.channels=7",
    "num_iter=1 cache_npar=128 test_npar=2",
    "checkpoint_run=true checkpoint_b=b checkpoint_iter=9",
    "checkpoint_run=true checkpoint_f=f checkpoint_pass=f first_coupling=ind",
    "checkpoint_run=true checkpoint_b=b sample_checkpoint_f=f checkpoint_it=2",
  ])("%s go together", (line) => expect(run(...line.split(" ")).members).toHaveLength(1));

  it("of one run are reported together, of a sweep before any member runs", () => {
    expect(problems("method=dbdsb,rf", "num_steps=30,0", "-m")).toEqual([
      "num_steps: expected an integer >= 1 and <= 10000, got 0; write for example num_steps=30",
    ]);
    expect(problems("gamma_min=1", "num_repeat_data=3", "cdsb=true")).toHaveLength(3);
  });

  it("are about options that exist, in what methods state", () => {
    for (const name of methodsWith(() => true)) {
      const { options, ignored, refused } = factsNamed(name).takes;
      for (const option of [...options, ...ignored, ...Object.keys(refused)])
        expect(Object.keys(trainSchema.shape), name).toContain(option.split("=")[0]);
    }
  });
});
