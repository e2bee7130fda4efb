// Samples drawn from the end that is a Gaussian, each a function of the seed and its place.
import type { Decode } from "@dsbm/bridge";
import type { CompleteTrainConfig } from "@dsbm/config";
import { prepareTable } from "@dsbm/data";
import { randn, tidy, zeros } from "@dsbm/torch";
import { RowNoise } from "@dsbm/train";
import { loading } from "../problem/ends.js";
import { gaussianLaw } from "../problem/gaussian-end.js";
import { UsageError } from "../terminal/errors.js";
import type { Input, InputOptions } from "./input.js";
import { adaptiveKey, needed, trainingImages } from "./moments.js";

/** Rows that share a stream. */
const block = 8;

/** Opens `gaussian:N`. Throws a UsageError for an end that is no Gaussian, and for N that is no count. */
export async function gaussianInput(text: string, options: InputOptions): Promise<Input> {
  const { trained, direction, seed } = options;
  const n = Number(text);
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(n) || n < 1)
    throw new UsageError(
      `INPUT gaussian:${text}: expected a number of samples; write for example gaussian:100`,
    );
  const { about, decode } = await law(options);
  return {
    n,
    about: `${n} draws of the Gaussian at time ${direction === "b" ? 1 : 0}: ${about}`,
    names: null,
    conditions: null,
    read: async (first, count) => {
      const rows = new RowNoise({ first, n: count, block }, { seed, purpose: "start" });
      const end = direction === "b" ? "x1" : "x0";
      const like = zeros([1, ...trained.shape]);
      return tidy(() =>
        rows
          .draw((n, generator) => decode(like.expand([n, ...trained.shape]), { end, generator }))
          .keep(),
      );
    },
    close: () => {},
  };
}

async function law(options: InputOptions): Promise<{ about: string; decode: Decode }> {
  const { trained, direction } = options;
  const { config, shape, folder } = trained;
  if (
    config.transfer &&
    (direction === "b" ? config.Dataset_transfer : config.Dataset) === "gaussian"
  ) {
    const mean = direction === "b" ? config.data.a : -config.data.a;
    return {
      about: `mean ${mean}, variance 1`,
      decode: (like, { generator }) => tidy(() => randn(like.shape, { generator }).add(mean)),
    };
  }
  if (config.transfer || direction === "f")
    throw new UsageError(
      `INPUT gaussian:… is no end of ${folder} in direction ${direction}: there ${config.transfer ? "are data at both ends" : `is ${config.Dataset} at time 0, and the Gaussian at time 1`}; ${config.transfer ? `give samples of ${direction === "b" ? config.Dataset_transfer : config.Dataset}` : "write direction=b"}`,
    );
  if (adaptiveKey(config)) await prepare(config, options);
  const images = () => trainingImages(config, purpose);
  const { text, decode } = gaussianLaw(config, { shape, device: "cpu", data: images });
  return { about: text, decode };
}

const purpose = {
  what: "INPUT gaussian:…",
  instead: "draw the start yourself and give it as a .npy file, or put them back",
};

/** Makes the training images ready, where the Gaussian's moments are theirs. */
async function prepare(
  config: CompleteTrainConfig,
  { progress, signal }: InputOptions,
): Promise<void> {
  try {
    await prepareTable(config.Dataset, {
      ...loading("train", "x0", config),
      progress: ({ done, total }) =>
        progress.update({ label: `decoding ${config.Dataset}`, step: done, steps: total }),
      ...(signal && { signal }),
    });
  } catch (error) {
    throw needed(error, config, purpose);
  }
}
