// The settings of the controls; a page may keep them in its address.
import type { BridgeInfo, Conditions } from "../../bridge/bridge.js";
import type { Direction } from "../../solver/grid.js";

export interface PlayerSettings {
  direction: Direction;
  solver: "sde" | "heun";
  steps: number;
  /** Particles of the plane. */
  particles: number;
  seed: number;
  /** null: each sample's own. */
  conditions: Record<string, number | string | null>;
}

export const most = { steps: 500, particles: 20_000 };

const usual = (name: string, classes: readonly string[] | null) =>
  name === "y" ? 0 : (classes?.[0] ?? 0);

export function settingsFor(
  info: BridgeInfo,
  { given: own = null, ...given }: Partial<PlayerSettings> & { given?: Conditions | null } = {},
): PlayerSettings {
  const whole = (x: number | undefined, other: number, high: number) =>
    Number.isInteger(x) && (x as number) >= 1 && (x as number) <= high ? (x as number) : other;
  const solver = given.solver === "heun" && info.flow ? "heun" : "sde";
  const any = solver === "heun" ? (["f", "b"] as const) : info.directions;
  const conditions = info.conditions.map(({ name, classes }) => [
    name,
    given.conditions?.[name] ?? (own?.[name] === undefined ? usual(name, classes) : null),
  ]);
  return {
    solver,
    direction:
      (["f", "b"] as const).find((d) => d === given.direction && any.includes(d)) ??
      any.find((d) => d === "f") ??
      info.direction,
    steps: whole(given.steps, info.steps, most.steps),
    particles: whole(given.particles, 1000, most.particles),
    seed: whole(given.seed, 42, 2 ** 31),
    conditions: Object.fromEntries(conditions),
  };
}
