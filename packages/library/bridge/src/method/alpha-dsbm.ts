// The Schrödinger bridge flow α-DSBM, online (De Bortoli et al. 2024): one network for both directions, whose average
// makes the endpoints.
import { full, randperm, type Tensor } from "@dsbm/torch";
import type { Pairs } from "../core/batch.js";
import { type Conditions, conditionsAt, mapConditions } from "../core/conditions.js";
import type { Direction, Endpoint } from "../core/direction.js";
import { randomRows } from "../coupling/coupling.js";
import { referenceEnd } from "../coupling/from-one-end.js";
import { independent } from "../coupling/independent.js";
import { keepKnownPairs } from "../coupling/known.js";
import { Preconditioned } from "../model/preconditioned.js";
import type { Method } from "./method.js";
import { finiteTimes, outputOptions } from "./options.js";
import { beginPreconditioned } from "./preconditioned.js";

/** Pairs of data with endpoints that the network makes during training. */
export interface OnlinePairs extends Pairs {
  /** Made from x1 backward, [B, …]; absent in the first pass. */
  readonly made0?: Tensor | undefined;
  /** Made from x0 forward, [B, …]; absent in the first pass. */
  readonly made1?: Tensor | undefined;
  /** Conditions of x1, if they differ from `conditions`. */
  readonly y1?: Tensor | undefined;
  readonly cond1?: Tensor | undefined;
  readonly interval1?: Tensor | undefined;
}

function pairsTowards(batch: OnlinePairs, way: Direction): Pairs {
  const { x0, x1, made0 = x0, made1 = x1, y1, cond1, interval1, conditions } = batch;
  if (way === "b") return { x0, x1: made1, conditions };
  const atTarget =
    y1 || cond1 || interval1
      ? { ...conditions, y: y1, cond: cond1, interval: interval1 }
      : conditions;
  return { x0: made0, x1, conditions: atTarget };
}

/** α-DSBM: both directions of one network, trained on pairs that it makes itself (De Bortoli et al. 2024). */
export const alpha_dsbm = {
  name: "alpha_dsbm",
  title: "online Schrödinger bridge matching",
  predicts: "drift",
  networks: "bidirectional",
  model: {
    type: Preconditioned,
    create: ({ shape, createNetwork, chain }) =>
      new Preconditioned(createNetwork({ bidirectional: true }), shape, { chain }),
    begin: beginPreconditioned,
  },
  onlyBrownian: true,
  eps: 1e-3,
  takes: {
    options: ["precondition", "step_variance=analytic", "match_moments", "online_cache"],
    ignored: outputOptions,
    refused: finiteTimes("alpha_dsbm"),
  },
  guide: [
    {
      use: "both directions in one network",
      lack: "most time is simulation",
    },
  ],
  rows: {
    pairs: true,
    chains: true,
    firstCoupling: true,
    simulation: "step",
    pairsTowards,
    make({ newest, data, matching, process, firstCoupling, generator, simulate }) {
      if (newest === null && firstCoupling === "ind")
        return independent(data, generator, { matching });
      // The rows of a batch are in random order already.
      const n = Math.min(data.x0.size(0), data.x1.size(0));
      const paired =
        newest === null && matching?.known && !data.shuffled
          ? matching.partners(
              randperm(matching.rows.length, { generator, device: data.x0.device }),
              generator,
            )
          : null;
      const known = newest === null ? (data.known ?? paired?.known) : undefined;
      const rowsOf = (end: Endpoint) => {
        const index = data.shuffled ? null : (paired?.[end] ?? randomRows(data[end], generator, n));
        const pick = (t: Tensor) => (index ? t.indexSelect(0, index) : t.narrow(0, 0, n));
        return {
          x: pick(data[end]),
          conditions: mapConditions(conditionsAt(data.conditions, end)?.values, pick),
        };
      };
      const { x: x0, conditions } = rowsOf("x0");
      const { x: x1, conditions: atTarget } = rowsOf("x1");
      const make = (way: Direction, x: Tensor, conditions: Conditions | undefined) => {
        if (newest !== null) return simulate(way, x, conditions);
        return referenceEnd(way, x, process, generator);
      };
      const made = { x0: make("b", x1, atTarget), x1: make("f", x0, conditions) };
      const kept = known ? keepKnownPairs({ x0, x1, known }, made) : made;
      return {
        x0,
        x1,
        made0: kept.x0,
        made1: kept.x1,
        y1: atTarget?.y,
        cond1: atTarget?.cond,
        interval1: atTarget?.interval,
        conditions,
        ...(known && { known }),
      };
    },
  },
  loss(batch, { network, process, t, noise }) {
    const net = network as Preconditioned;
    const towards = (way: Direction) => {
      const { x0, x1, conditions } = pairsTowards(batch, way);
      const x = process.bridge({ x0, x1, t, z: noise(x0) });
      const direction = full([x.size(0)], way === "f" ? 1 : 0, { device: x.device });
      const end = way === "f" ? x1 : x0;
      return net.loss(x, t, { ...conditions, direction }, end, process);
    };
    return towards("f").add(towards("b")).mul(0.5);
  },
} satisfies Method<OnlinePairs>;
