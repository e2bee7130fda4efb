import { ConfigError } from "@dsbm/config";
import { type Tensor, tidy } from "@dsbm/torch";
import { RowNoise } from "@dsbm/train";
import { endLaw } from "../moments.js";
import { inParts } from "./images.js";
import type { Input, InputOptions } from "./input.js";

export function gaussianInput(text: string, options: InputOptions): Input {
  const { trained, direction, seed, batchRows } = options;
  const n = Number(text);
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(n) || n < 1)
    throw new ConfigError(
      `NEW gaussian:${text}: expected a number of samples; write for example gaussian:100`,
    );
  const { about, from } = law(options);
  return {
    n,
    about: `${n} draws of the Gaussian at time ${direction === "b" ? 1 : 0}: ${about}`,
    batches: inParts(n, batchRows, (first, count) => {
      const rows = new RowNoise({ first, n: count }, { seed, purpose: "start" });
      return tidy(() => from(rows.normal(trained.shape)).keep());
    }),
    [Symbol.dispose]() {},
  };
}

function law({ trained, direction }: InputOptions): {
  about: string;
  from: (z: Tensor) => Tensor;
} {
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
      `NEW gaussian:… is no end of ${folder} in direction ${direction}: there ${there}; ${instead}`,
    );
  }
  const { text, from } = endLaw(config, shape);
  return { about: text, from };
}
