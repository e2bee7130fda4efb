import { ConfigError } from "@dsbm/config";
import { gaussianLaw, loading } from "@dsbm/problem";
import { type Tensor, tidy } from "@dsbm/torch";
import { RowNoise } from "@dsbm/train";
import { adaptiveKey, needed, trainingImages } from "../moments.js";
import type { Input, InputOptions } from "./input.js";
import { prepare } from "./named.js";

export async function gaussianInput(text: string, options: InputOptions): Promise<Input> {
  const { trained, direction, seed } = options;
  const n = Number(text);
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(n) || n < 1)
    throw new ConfigError(
      "usage",
      `NEW gaussian:${text}: expected a number of samples; write for example gaussian:100`,
    );
  const { about, from } = await law(options);
  const end = direction === "b" ? "x1" : "x0";
  return {
    n,
    about: `${n} draws of the Gaussian at time ${end === "x1" ? 1 : 0}: ${about}`,
    read: async (first, count) => {
      const rows = new RowNoise({ first, n: count }, { seed, purpose: "start" });
      return { x: tidy(() => from(rows.normal(trained.shape)).keep()) };
    },
    [Symbol.dispose]() {},
  };
}

async function law(options: InputOptions): Promise<{ about: string; from: (z: Tensor) => Tensor }> {
  const { trained, direction } = options;
  const { config, shape, folder } = trained;
  const { transfer, Dataset, Dataset_transfer, data } = config;
  const start = direction === "b" ? Dataset_transfer : Dataset;
  if (transfer && start === "gaussian") {
    const mean = direction === "b" ? data.a : -data.a;
    return { about: `mean ${mean}, variance 1`, from: (z) => z.add(mean) };
  }
  if (transfer || direction === "f") {
    const [there, instead] = transfer
      ? ["are data at both ends", `give samples of ${start}`]
      : [`is ${Dataset} at time 0, and the Gaussian at time 1`, "write direction=b"];
    throw new ConfigError(
      "usage",
      `NEW gaussian:… is no end of ${folder} in direction ${direction}: there ${there}; ${instead}`,
    );
  }
  try {
    if (adaptiveKey(config)) await prepare(config.Dataset, loading("train", "x0", config), options);
    const images = () => trainingImages(config);
    const { text, from } = gaussianLaw(config, { shape, device: "cpu", data: images });
    return { about: text, from };
  } catch (error) {
    const instead = "draw the start yourself and give it as a .npy file, or put them back";
    throw needed(error, config, { what: "NEW gaussian:…", instead });
  }
}
