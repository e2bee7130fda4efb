// Samples and paths in the plane without axes: the image of the README and the cards of the site.
import { sampleColors, timeColor } from "../../packages/app/runs/dist/figure/svg.js";

const font = "DejaVu Sans, sans-serif";

const placesOf = (flat) =>
  Array.from({ length: flat.length / 2 }, (_, i) => [flat[2 * i], flat[2 * i + 1]]);

/** The middle 99 % of values with a margin. */
function rangeOf(values) {
  const sorted = values.filter(Number.isFinite).sort((a, b) => a - b);
  const at = (share) => sorted[Math.round(share * (sorted.length - 1))] ?? 0;
  const [low, high] = [at(0.005), at(0.995)];
  const margin = 0.06 * (high - low);
  return [low - margin, high + margin];
}

/** A cloud of points: [x, y, …], its colour and its opacity. */
const cloud = (flat, color, opacity = 0.7) => ({ flat, color, opacity });

/** The clouds and paths of points.json: source, target and generated samples, the times of a course, and paths. */
function layersOf({ plane }, { isCourse = false } = {}) {
  const { source, target, generated, between, path } = plane;
  const data = [source, ...between.map((one) => one.data), target];
  const clouds = isCourse
    ? data.map((flat, i) => cloud(flat, timeColor(i, data.length), 0.75))
    : [cloud(source, sampleColors.source), cloud(target, sampleColors.target, 0.45)];
  return {
    clouds,
    generated: cloud(generated, sampleColors.generated),
    paths: path.states,
    all: data,
  };
}

/** A scene of clouds and paths, fitted to a box, as SVG. `all` has the points that set the frame. */
function scene({ clouds, paths = [], all }, { x = 0, y = 0, width, height, radius = 2.6 }) {
  const places = all.flatMap(placesOf);
  const [left, right] = rangeOf(places.map(([px]) => px));
  const [low, high] = rangeOf(places.map(([, py]) => py));
  const toX = (px) => (x + (width * (px - left)) / (right - left)).toFixed(1);
  const toY = (py) => (y + height - (height * (py - low)) / (high - low)).toFixed(1);
  const isInside = ([px, py]) => px >= left && px <= right && py >= low && py <= high;
  const dots = clouds.map(({ flat, color, opacity }) => {
    const circles = placesOf(flat)
      .filter(isInside)
      .map(([px, py]) => `<circle cx="${toX(px)}" cy="${toY(py)}" r="${radius}"/>`);
    return `<g fill="${color}" fill-opacity="${opacity}">${circles.join("")}</g>`;
  });
  const count = (paths[0]?.length ?? 0) / 2;
  const lines = Array.from({ length: count }, (_, i) => {
    const points = paths.map((flat) => `${toX(flat[2 * i])},${toY(flat[2 * i + 1])}`);
    return `<polyline points="${points.join(" ")}"/>`;
  });
  const stroke = `fill="none" stroke="${sampleColors.generated}" stroke-width="1.3" stroke-opacity="0.75"`;
  return `${dots.join("")}<g ${stroke}>${lines.join("")}</g>`;
}

const svg = (width, height, body) =>
  `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}"><rect width="100%" height="100%" fill="white"/>${body}</svg>`;

/** A card of one scene. */
export function cardSvg(points, options = {}) {
  const { clouds, paths, all } = layersOf(points, options);
  const box = { x: 24, y: 20, width: 592, height: 320, radius: 3 };
  return svg(640, 360, scene({ clouds, paths, all }, box));
}

/** Three scenes side by side: the source, paths, and generated samples over real ones. */
export function threeScenesSvg(points, titles) {
  const { clouds, generated, paths, all } = layersOf(points);
  const [source, target] = clouds;
  const faint = clouds.map((one) => ({ ...one, opacity: 0.18 }));
  const scenes = [
    { clouds: [source], all },
    { clouds: faint, paths, all },
    {
      clouds: [
        { ...target, opacity: 0.5 },
        { ...generated, opacity: 0.6 },
      ],
      all,
    },
  ];
  const [size, gap] = [380, 30];
  const drawn = scenes.map((one, i) => {
    const x = 10 + i * (size + gap);
    const box = { x, y: 44, width: size, height: 250 };
    const title = `<text x="${x}" y="24" font-family="${font}" font-size="17" fill="#222">${titles[i]}</text>`;
    return title + scene(one, box);
  });
  return svg(3 * size + 2 * gap + 20, 304, drawn.join(""));
}
