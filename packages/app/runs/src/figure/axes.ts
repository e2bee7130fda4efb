// The frame of a plane of samples: it fits the clouds and counts the points beyond it.
import type { AxisUnits } from "./axis-units.js";
import { componentName } from "./component.js";
import { type Domain, type PlaneFrame, planeSize } from "./panel-sizes.js";
import type { Plane } from "./points-file.js";

/** A place in the plane, in the units of its axes. */
export interface PlanePoint {
  x: number;
  y: number;
}

/** Points in the frame and beyond it. */
export interface FrameCount {
  outside: number;
  all: number;
}

/** Coordinates, labels, the frame and the points that it leaves out. */
export function planeAxes(plane: Plane, { units }: { units: AxisUnits }) {
  const { explained, between, source, target, generated, path } = plane;
  const value = (axis: number, x = Number.NaN) => (explained ? x : units.value(axis, x));
  const label = (axis: number) => {
    const share = explained?.[axis];
    if (share === undefined) return units.name(axis);
    const name = componentName(plane.weights?.[axis] ?? [], units) ?? `component ${axis + 1}`;
    return `${name} (${Math.round(100 * share)} %)`;
  };
  /** One place for each pair of numbers, also if they are not finite. */
  const allPlacesOf = (flat: readonly number[]): PlanePoint[] =>
    Array.from({ length: Math.floor(flat.length / 2) }, (_, i) => ({
      x: value(0, flat[2 * i]),
      y: value(1, flat[2 * i + 1]),
    }));
  const placesOf = (flat: readonly number[]): PlanePoint[] =>
    allPlacesOf(flat).filter(({ x, y }) => Number.isFinite(x) && Number.isFinite(y));
  const steps = between.flatMap((one) => [one.data, one.generated]);
  const groups = [source, target, generated, ...steps].map((flat) => placesOf(flat));
  const states = path.states.map((flat) => placesOf(flat));
  const domains = frameOf([...groups, ...states], explained !== null);
  const places = groups.flat();
  const cut: FrameCount = {
    outside: places.filter((place) => !isInside(place, domains)).length,
    all: places.length,
  };
  return { value, label, placesOf, allPlacesOf, domains, cut };
}

const isInside = ({ x, y }: PlanePoint, frame: PlaneFrame) =>
  x >= frame.x[0] && x <= frame.x[1] && y >= frame.y[0] && y <= frame.y[1];

/** Wider than the middle of each cloud by this factor, a frame leaves the far points out. */
const mostWidening = 1.4;
const marginShare = 0.06;

/** The range of all values, or of 98 % of each group if far values would press the others together. */
export function rangeOfGroups(groups: readonly (readonly number[])[]): Domain {
  const sorted = groups.map((values) => values.filter(Number.isFinite).sort((a, b) => a - b));
  const at = (share: number) =>
    sorted.flatMap((values) => values[Math.round(share * (values.length - 1))] ?? []);
  const spanOf = (edges: readonly number[]): Domain =>
    edges.length > 0 ? [Math.min(...edges), Math.max(...edges)] : [0, 1];
  const most = spanOf([...at(0), ...at(1)]);
  const middle = spanOf([...at(0.01), ...at(0.99)]);
  const isNear = most[1] - most[0] <= mostWidening * (middle[1] - middle[0]);
  const [low, high] = isNear ? most : middle;
  const margin = marginShare * (high - low) || Math.max(0.05 * Math.abs(low), 1e-6);
  return [low - margin, high + margin];
}

const innerSize = {
  width: planeSize.width - 68 - planeSize.marginRight,
  margins: planeSize.marginTop + planeSize.marginBottom,
};
const innerHeights = { least: 120, most: 290 };

/** Columns fill a square. Principal components keep one scale, as far as the panel is neither too flat nor too high. */
function frameOf(groups: readonly PlanePoint[][], isSame: boolean): PlaneFrame {
  const x = rangeOfGroups(groups.map((group) => group.map((place) => place.x)));
  const y = rangeOfGroups(groups.map((group) => group.map((place) => place.y)));
  if (!isSame) return { x, y };
  const wanted = (innerSize.width * (y[1] - y[0])) / (x[1] - x[0]);
  const height = Math.min(innerHeights.most, Math.max(innerHeights.least, wanted));
  const widened = ([a, b]: Domain, factor: number): Domain => {
    const half = (factor * (b - a)) / 2;
    return [(a + b) / 2 - half, (a + b) / 2 + half];
  };
  return {
    x: widened(x, Math.max(1, wanted / height)),
    y: widened(y, Math.max(1, height / wanted)),
    height: Math.round(height + innerSize.margins),
  };
}
