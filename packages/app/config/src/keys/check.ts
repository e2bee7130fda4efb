import { printValue } from "../tree.js";
import { methodProblems } from "./check-method.js";
import type { Line } from "./check-options.js";
import { conditionColumn, latentHalvings } from "./data.js";
import { takesVectors } from "./model.js";
import { completeTrain, type TrainConfig } from "./train.js";

/** Returns a line for each problem. */
export function checkTrain(config: TrainConfig): string[] {
  const lines = [
    ...methodProblems(config),
    ...dataLines(config),
    ...tableLines(config),
    ...latentLines(config),
    ...chainLines(config),
    ...batchLines(config),
    ...(config.checkpoint_run ? startLines(config) : unreadLines(config)),
  ];
  return lines.filter((line) => line !== false);
}

function dataLines(config: TrainConfig): Line[] {
  const { transfer, Dataset, Dataset_transfer, cdsb, data, model } = config;
  const { cond_channels, n_test, dim } = data;
  const { inception, fid_statistics } = config.metrics;
  const channelCure = cdsb
    ? "write how many channels the condition has, or cdsb=false"
    : "write cdsb=true, or data.cond_channels=0";
  return [
    Dataset === "gaussian" &&
      dim !== null &&
      n_test !== null &&
      n_test <= dim &&
      `data.n_test=${n_test} is too few for the covariance of data.dim=${dim}: write data.n_test=${dim + 1} or more`,
    transfer &&
      Dataset_transfer === null &&
      data.split_by === null &&
      "transfer=true needs data at time 1, got Dataset_transfer=null: write Dataset_transfer=… or transfer=false",
    (cdsb || data.static !== null) &&
      data.random_flip &&
      `data.random_flip=true mirrors samples but not ${cdsb ? "the condition of cdsb=true" : "the fields of data.static"}: leave data.random_flip out`,
    ...condLines(config),
    ...fieldLines(config),
    cdsb !== cond_channels > 0 &&
      `cdsb=${cdsb} does not go with data.cond_channels=${cond_channels}: ${channelCure}`,
    !cdsb &&
      cond_channels === 0 &&
      model.name === "DownscalerUNET" &&
      "model.name=DownscalerUNET needs a condition, got cdsb=false: write dataset=downscaler_transfer, or model=UNET for these images",
    fid_statistics !== null &&
      inception === null &&
      `metrics.fid_statistics=${fid_statistics} are statistics of Inception's features, got metrics.inception=null: name its file too, metrics.inception=inception-2015-12-05.pt`,
  ];
}

/** Options of NetCDF files and Zarr folders. */
const fieldOptions = ["variables", "transform", "coarsen", "static", "season"] as const;

/** Problems of options of fields, and of season and static fields as conditions. */
function fieldLines({ cdsb, data, transfer, Dataset }: TrainConfig): Line[] {
  const written = (key: (typeof fieldOptions)[number]) => `data.${key}=${printValue(data[key])}`;
  const given = fieldOptions.filter((key) => data[key] !== null && data[key] !== false);
  const alone = !/^fields:/.test(Dataset)
    ? given.map(
        (key) =>
          `${written(key)} is for NetCDF files and Zarr folders, got ${Dataset}: leave it out`,
      )
    : [];
  const conditionKey = given.find((key) => key === "static" || key === "season");
  if (conditionKey === undefined) return alone;
  const condition = written(conditionKey);
  return [
    ...alone,
    data.components !== null &&
      `${condition} is for networks of fields, got data.components=${data.components}: write data.components=null`,
    cdsb && `${condition} and cdsb=true are both conditions: write cdsb=false data.cond_channels=0`,
    data.season &&
      !transfer &&
      "data.season=true needs the dates of two files, but transfer=false has a Gaussian at time 1: leave data.season out",
  ];
}

/** Problems of the conditions of arrays. */
function condLines({ cdsb, data, transfer, Dataset, Dataset_transfer }: TrainConfig): Line[] {
  const { cond } = data;
  if (cond === null) return [];
  const others = [Dataset, transfer ? Dataset_transfer : null].filter(
    (name) => name !== null && !name.startsWith("array:"),
  );
  return [
    !cdsb &&
      "data.cond names conditions, got cdsb=false: write cdsb=true and data.cond_channels, their number of channels",
    others.length > 0 &&
      `data.cond has conditions of arrays, got ${others.join(" and ")}: write array:PATH.npy, or leave data.cond out`,
    cond.length > 2 &&
      `data.cond names ${cond.length} files: expected one for source and one for target`,
  ];
}

function tableLines({ data, model, cdsb, transfer }: TrainConfig): Line[] {
  const { split_by, source, between, target } = data;
  const condition = conditionColumn(data);
  const key = data.condition === null ? "data.classes" : "data.condition";
  const ends = `data.source=${source} data.target=${target}`;
  return [
    split_by !== null &&
      transfer &&
      (source === null || target === null) &&
      `data.split_by=${split_by} needs the values of source and target, got ${ends}: write both`,
    split_by === null &&
      (source ?? between ?? target) !== null &&
      "data.source, data.between and data.target are values of a column: write data.split_by=COLUMN, or leave them out",
    data.classes !== null &&
      condition !== data.classes &&
      `data.classes=${data.classes} is the condition, got data.condition=${condition}: leave either out`,
    condition !== null &&
      !takesVectors(model) &&
      `${key}=${condition} conditions networks of vectors, got model.name=${model.name}: write model=MLP`,
    condition !== null &&
      cdsb &&
      `${key}=${condition} is a column of a table, but cdsb=true takes a condition of fields: write cdsb=false`,
  ];
}

/** Problems of a bridge between latent maps of images. */
function latentLines(config: TrainConfig): Line[] {
  const { data, transfer, cdsb, nproc, Dataset, Dataset_between } = config;
  if (data.latent === null) return [];
  const others: readonly [isOn: boolean, option: string, cure: string][] = [
    [!transfer, "transfer=false", "transfer=true"],
    [cdsb, "cdsb=true", "cdsb=false"],
    [data.crop !== null, `data.crop=${data.crop}`, "data.crop=null"],
    // A mirrored image has no number of a known pair.
    [
      data.random_flip && config.pairs !== null,
      "data.random_flip=true with pairs",
      "data.random_flip=false",
    ],
    [data.components !== null, `data.components=${data.components}`, "data.components=null"],
    [Dataset_between !== null, "Dataset_between", "Dataset_between=null"],
    [nproc > 1, `nproc=${nproc}`, "nproc=1"],
    [/^(table|fields):/.test(Dataset), `Dataset=${Dataset}`, "data.latent=null"],
  ];
  const factor = 2 ** latentHalvings(data);
  const sizes = [data.image_size, data.image_width ?? data.image_size];
  const refused = others.map(
    ([isOn, option, cure]) =>
      isOn &&
      `data.latent=${data.latent} is for two datasets of images and one process, got ${option}: write ${cure}`,
  );
  const isWhole = sizes.every((size) => size % factor === 0);
  return [
    ...refused,
    !isWhole &&
      `data.latent=${data.latent} needs images whose height and width are multiples of ${factor}, got ${sizes.join("×")}: write data.image_size=${Math.ceil(data.image_size / factor) * factor}`,
  ];
}

function chainLines(config: TrainConfig): Line[] {
  const { times, transfer, data, sde, cdsb } = config;
  const between = config.Dataset_between ?? data.between;
  if (between === null) return [];
  const n = between.length + 2;
  const rises = times?.every((t, i) => i === 0 || t - times[i - 1] > 1e-6) ?? true;
  const pairOnly: readonly [isOn: boolean, option: string, cure: string][] = [
    [sde === "vp", "sde=vp", "sde=ve"],
    [cdsb, "cdsb=true", "cdsb=false"],
    [data.random_flip, "data.random_flip=true", "data.random_flip=false"],
  ];
  return [
    times !== null &&
      times.length !== n &&
      `times=${printValue(times)} has ${times.length} times for ${n} datasets: expected one for each`,
    times !== null &&
      !rises &&
      `times=${printValue(times)}: expected rising numbers, one for each dataset, such as times=[2,3,7]`,
    !transfer &&
      "Dataset_between has data at intermediate times, but transfer=false has none at time 1: leave Dataset_between or transfer out",
    data.split_by !== null &&
      data.between?.length !== between.length &&
      `data.split_by=${data.split_by} separates two groups of one table, got ${n} datasets: name the values between, data.between=[…], or give a file for each time`,
    ...pairOnly.map(
      ([isOn, option, cure]) => isOn && `${option} is for two datasets, got ${n}: write ${cure}`,
    ),
  ];
}

function batchLines(config: TrainConfig): Line[] {
  const { batch_size, num_repeat_data: repeat, nproc, share_batch, cache } = config;
  const { cache_npar } = completeTrain(config);
  const pairs = Math.floor(batch_size / repeat);
  const isWhole = batch_size % repeat === 0;
  return [
    !isWhole &&
      `batch_size=${batch_size} is no multiple of num_repeat_data=${repeat}, the rows that one pair takes: write batch_size=${(pairs + 1) * repeat}`,
    isWhole &&
      cache === "disk" &&
      cache_npar < pairs &&
      `cache_npar=${cache_npar} is fewer than the ${pairs} pairs of a batch (batch_size=${batch_size} / num_repeat_data=${repeat}): write cache_npar=${pairs} or more`,
    nproc > pairs &&
      share_batch !== false &&
      `nproc=${nproc} is more than the ${pairs} pairs of a batch (batch_size=${batch_size}): write nproc=${pairs} or less, a larger batch_size, or share_batch=false`,
  ];
}

const fileKeys = (config: TrainConfig): string[] =>
  Object.entries(config).flatMap(([key, file]) =>
    /checkpoint_[bf]$/.test(key) && file !== null ? [key] : [],
  );

function unreadLines(config: TrainConfig): Line[] {
  const keys = fileKeys(config);
  return [
    keys.length > 0 &&
      `${keys.join(", ")} would not be read, because checkpoint_run=false: write checkpoint_run=true`,
  ];
}

/** Without the files of its half-iteration, training would continue from an untrained network. */
function startLines(config: TrainConfig): Line[] {
  if (fileKeys(config).length === 0)
    return [
      "checkpoint_run=true names no file to start from: write checkpoint_b=… or checkpoint_f=…, or leave checkpoint_run out to resume from the newest checkpoint",
    ];
  const { checkpoint_pass: pass, checkpoint_it, checkpoint_iter, n_ipf, first_coupling } = config;
  const other = pass === "b" ? "f" : "b";
  const isFirst = checkpoint_it === 1 && (pass === "b" || first_coupling === "ind");
  const simulator = config[`sample_checkpoint_${other}`] ?? config[`checkpoint_${other}`];
  return [
    checkpoint_it > n_ipf &&
      `checkpoint_it=${checkpoint_it} is beyond the last iteration n_ipf=${n_ipf}: write n_ipf=${checkpoint_it} or more`,
    checkpoint_iter > 0 &&
      config[`checkpoint_${pass}`] === null &&
      `checkpoint_iter=${checkpoint_iter} starts inside a ${pass} pass without its weights: write checkpoint_${pass}=…`,
    ...(["f", "b"] as const).map(
      (way) =>
        config[`optimizer_checkpoint_${way}`] !== null &&
        config[`checkpoint_${way}`] === null &&
        `optimizer_checkpoint_${way} needs the weights of its network: write checkpoint_${way}=…`,
    ),
    !isFirst &&
      simulator === null &&
      `checkpoint_it=${checkpoint_it} checkpoint_pass=${pass} simulates pairs with the ${other} network, without its weights: write sample_checkpoint_${other}=… or checkpoint_${other}=…`,
  ];
}
