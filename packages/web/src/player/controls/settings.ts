// How a bridge is followed, as the controls have it; a page may keep it in its address.
import type { BridgeInfo, StepVariance } from "../../bridge/bridge.js";
import type { Direction } from "../../solver/grid.js";

export interface PlayerSettings {
  direction: Direction;
  solver: "sde" | "heun";
  steps: number;
  stepVariance: StepVariance;
  /** Particles of the plane. */
  particles: number;
  seed: number;
  /** A value for each condition. */
  conditions: Record<string, number | string>;
}

/** The most that the controls allow. */
export const most = { steps: 500, particles: 20_000 };

/** Settings for a bridge: those that are given and that it has, its own for the others. */
export function settingsFor(info: BridgeInfo, given: Partial<PlayerSettings> = {}): PlayerSettings {
  const whole = (x: number | undefined, other: number, high: number) =>
    Number.isInteger(x) && (x as number) >= 1 && (x as number) <= high ? (x as number) : other;
  const solver = given.solver === "heun" && info.flow ? "heun" : "sde";
  const any = solver === "heun" ? (["f", "b"] as const) : info.directions;
  const conditions = info.conditions.map(({ name, classes }) => [
    name,
    given.conditions?.[name] ?? classes?.[0] ?? 0,
  ]);
  return {
    solver,
    direction: given.direction && any.includes(given.direction) ? given.direction : info.direction,
    steps: whole(given.steps, info.steps, most.steps),
    stepVariance:
      given.stepVariance === "process" || given.stepVariance === "bridge"
        ? given.stepVariance
        : info.stepVariance,
    particles: whole(given.particles, 1000, most.particles),
    seed: whole(given.seed, 42, 2 ** 31),
    conditions: Object.fromEntries(conditions),
  };
}
