// The samples of a problem: source, generated samples, target, and further rows of the target.
import { type Datasets, type EndpointData, folds, withoutRows } from "@dsbm/datasets";
import type { DrawnSamples } from "@dsbm/evaluation";
import { Generator, rand, randint, randn, type Tensor, tidy } from "@dsbm/torch";
import { drawImages } from "./images.js";
import type { Kind, Problem } from "./problem.js";

/** Rows of each side that `dsbm evaluate` measures. */
const mostMeasured = 2000;

/** The samples of one evaluation. */
export type Drawn = { [K in keyof DrawnSamples]: Tensor };

/** The samples of each evaluation, cut to as many as `dsbm evaluate` takes. */
export function drawSamples(problem: Problem): Drawn[] {
  const { dim } = problem;
  const first = (x: Tensor, count: number) => x.narrow(0, 0, Math.min(count, x.size(0))).keep();
  return tidy(() => {
    const drawn = dim === null ? [drawImages(problem)] : drawVectors(problem, dim);
    return drawn.map(({ source, generated, target, reserve }) => ({
      source: first(source, mostMeasured),
      generated: first(generated, mostMeasured),
      target: first(target, mostMeasured),
      reserve: first(reserve, 4 * mostMeasured),
    }));
  });
}

function drawVectors(problem: Problem, d: number): Drawn[] {
  const { kind, n, apart, seed, isFolded, isIndependent, isSeen } = problem;
  const generator = Generator.create(seed);
  // Two parts, so that a target is no Gaussian.
  const drawnRows = (count: number, parts = 2) => {
    const sides = rand([count, isIndependent ? d : 1], { generator });
    const centres = sides.mul(parts).floor().mul(2).sub(1).mul(0.8);
    return randn([count, d], { generator }).mul(0.6).add(centres);
  };
  const moved = (x: Tensor, share: number) => x.add(share * apart);
  const generatedFrom = (source: Tensor, target: typeof drawnRows): Tensor => {
    const count = source.size(0);
    const make: Record<Kind, () => Tensor> = {
      identical: () => target(count),
      nearly: () => moved(target(count), 0.04),
      "shift .2": () => moved(target(count), 0.2),
      "shift .5": () => moved(target(count), 0.5),
      source: () => moved(target(count), 1),
      collapsed: () => target(count).mul(0.1),
      wide: () => target(count).mul(Math.sqrt(2.69)),
      "half of the modes": () => drawnRows(count, 1),
      noise: () => source.add(randn([count, d], { generator })),
    };
    return make[kind]();
  };
  const source = moved(drawnRows(n), 1);
  if (!isFolded) {
    const generated = generatedFrom(source, drawnRows);
    return [{ source, generated, target: drawnRows(n), reserve: drawnRows(4 * n) }];
  }
  const end = (rows: Tensor) => ({ train: rows, test: rows.narrow(0, 0, 0) }) as EndpointData;
  const table = { x0: end(source), x1: end(drawnRows(n)) } as Datasets;
  return Array.from({ length: folds }, (_, k) => {
    const { x0, x1 } = withoutRows(table, k + 1, seed);
    const seen = (count: number) =>
      x1.train.indexSelect(0, randint(0, x1.train.size(0), [count], { generator }));
    const generated = generatedFrom(x0.test, isSeen ? seen : drawnRows);
    return { source: x0.test, generated, target: x1.test, reserve: x1.train };
  });
}
