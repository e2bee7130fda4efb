// The data of the benchmark of entropic transport: pairs of known plans, and of two Gaussians.
import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { type MixturePotential, stream } from "@dsbm/bridge";
import { writeFileAtomic } from "@dsbm/files";
import { io, noGrad, randn, type Tensor, tidy } from "@dsbm/torch";
import type { Case } from "../../benchmark.js";
import { knownPlan } from "../../exact/known-plan.js";
import { cachedRows } from "../../methods.js";

/** Steps of the sampler. */
const steps = 100;
/** Columns of the two Gaussians. */
export const gaussianDim = 16;

/** Training rows of each end. */
export const rowsOf = (quick: boolean) => (quick ? 5000 : 50_000);
/** Longer half-iterations would learn these by heart, and have more. */
export const longMethods: readonly string[] = ["dsbm_imf_long", "dsbm_imf_ot", "alpha_dsbm_ot"];
/** Training rows of the long methods. */
export const longRows = 400_000;
const hasMore = (method: string, quick: boolean) => longMethods.includes(method) && !quick;
/** More rows are in a folder of their own. */
const placeOf = (files: string, more: boolean) => (more ? join(files, "more") : files);
/** Starts, and ends of each. */
export const countsOf = (quick: boolean) => (quick ? { x: 20, y: 300 } : { x: 1000, y: 1000 });
/** Starts of rows that no method makes. */
export const referenceStarts = 100;

/** The label of the row of a perfect method. */
export const exactSampler = "exact sampler";

/** Draws of a start and an end, [n, d] each. */
type Draw = (n: number, purpose: string) => { start: Tensor; end: Tensor };

/** A potential whose entropic plan is known, and its pairs. */
export function plan(dim: number, epsilon: number): { potential: MixturePotential; draw: Draw } {
  const potential = knownPlan({ dim, epsilon });
  return {
    potential,
    draw(n, purpose) {
      const generator = stream(0, `benchmark/eot/${dim}/${epsilon}/${purpose}`);
      const [start, z] = [randn([n, dim], { generator }), randn([n, dim], { generator })];
      return { start, end: noGrad(() => potential.draw(start, z)) };
    },
  };
}

/** Independent pairs of two Gaussians, of variance 1 and 4. */
export const gaussians: Draw = (n, purpose) => {
  const generator = stream(0, `benchmark/eot/gaussians/${purpose}`);
  const draw = () => randn([n, gaussianDim], { generator });
  return { start: draw(), end: draw().mul(2) };
};

const fileOf = (files: string, name: string, end: string) => join(files, `${name}_${end}.npy`);

/** Writes the rows of both ends, if they are missing. */
export function writeEnds(
  files: string,
  name: string,
  { quick, method, draw }: { quick: boolean; method: string; draw: Draw },
): void {
  const more = hasMore(method, quick);
  const [folder, n] = [placeOf(files, more), more ? longRows : rowsOf(quick)];
  if (existsSync(fileOf(folder, name, "target"))) return;
  mkdirSync(folder, { recursive: true });
  tidy(() => {
    // Ends of other starts than these: the ends of a pair must not be known.
    const { start } = draw(n, "source");
    writeFileAtomic(fileOf(folder, name, "source"), io.encodeNpy(start));
    writeFileAtomic(fileOf(folder, name, "target"), io.encodeNpy(draw(n, "target").end));
  });
}

/** The options of a case with its files. */
export const optionsOf =
  (name: string, epsilon: number): Case["options"] =>
  (files, { quick }, _, method) => {
    const folder = placeOf(files, hasMore(method, quick));
    const place = (end: string) => `array:${fileOf(folder, name, end)}`;
    return {
      ...{ dataset: "vectors", Dataset: place("source"), Dataset_transfer: place("target") },
      ...{ name, sigma: Math.sqrt(epsilon), num_steps: steps, test_npar: 1000 },
      ...{ cache_num_steps: 50, step_variance: "bridge", last_noise: false, lr_schedule: "cosine" },
      ...cachedRows(12_800, 125),
    };
  };
