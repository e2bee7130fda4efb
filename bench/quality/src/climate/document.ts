// The page of the study of rain.
import { provenance } from "../provenance.js";
import { block, modelErrors, tileSize } from "./rain.js";
import {
  type MonthTiles,
  middleOf,
  monthFacts,
  resampledScores,
  type ScoreName,
  scoreNames,
  scoresOf,
} from "./scores.js";
import { commandsOf, type RunName, routes, type StudySize } from "./study.js";

/** The scores of a route: of all months, and of resampled months. */
interface RouteScores {
  name: string;
  isBaseline: boolean;
  scores: Record<ScoreName, number>;
  resampled: Record<ScoreName, number>[];
}

const names = Object.keys(scoreNames) as ScoreName[];

/** The scores that a route has to have below quantile mapping. */
const goals: readonly ScoreName[] = ["pixel_w1", "spectrum", "rmse", "coarse_w1"];

const digits = (value: number): string => String(Number(value.toPrecision(3)));

const lineOf = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;

/** A value with half of its 95 % interval. */
function cellOf({ scores, resampled }: RouteScores, name: ScoreName): string {
  const [low, high] = middleOf(resampled.map((one) => one[name]));
  return `${digits(scores[name])} ± ${Number(((high - low) / 2).toPrecision(1))}`;
}

/** How a route compares with the better quantile mapping in a score, on the same resampled months. */
function comparison(
  route: RouteScores,
  baselines: readonly RouteScores[],
  name: ScoreName,
): string {
  const [best] = baselines.toSorted((a, b) => a.scores[name] - b.scores[name]);
  if (!best) return "–";
  const differences = route.resampled.map((one, k) => one[name] - (best.resampled[k]?.[name] ?? 0));
  const [low, high] = middleOf(differences);
  const share = Math.round(100 * (route.scores[name] / best.scores[name] - 1));
  const word = high < 0 ? "better" : low > 0 ? "worse" : "not told apart";
  return `${word}, ${share > 0 ? "+" : share < 0 ? "−" : ""}${Math.abs(share)} %`;
}

/** The scores of all routes, and of other months instead of generated months. */
export const routeScores = (tiles: ReadonlyMap<string, readonly MonthTiles[]>): RouteScores[] =>
  [...tiles].map(([name, months]) => {
    const facts = months.map(monthFacts);
    const isBaseline = routes.find((route) => route.name === name)?.isBaseline ?? false;
    return { name, isBaseline, scores: scoresOf(facts), resampled: resampledScores(facts) };
  });

const tableOf = (lines: readonly (readonly string[])[]): string => {
  const [head = [], ...rows] = lines;
  return [head, head.map(() => "---"), ...rows].map(lineOf).join("\n");
};

const runsOf = (name: string): readonly RunName[] =>
  routes.find((route) => route.name === name)?.runs ?? [];

/** The scores of all routes. */
const scoreTable = (all: readonly RouteScores[]): string =>
  tableOf([
    ["route", ...names.map((name) => scoreNames[name])],
    ...all.map((one) => [one.name, ...names.map((name) => cellOf(one, name))]),
  ]);

/** The routes with a bridge against quantile mapping. */
function comparisonTable(all: readonly RouteScores[]): string {
  const baselines = all.filter(({ isBaseline }) => isBaseline);
  const rivals = all.filter(({ name, isBaseline }) => !isBaseline && runsOf(name).length > 0);
  return tableOf([
    ["route", ...goals.map((name) => scoreNames[name]), "better in"],
    ...rivals.map((one) => {
      const cells = goals.map((name) => comparison(one, baselines, name));
      const better = cells.filter((cell) => cell.startsWith("better")).length;
      return [one.name, ...cells, `${better} of ${goals.length}`];
    }),
  ]);
}

/** The page of the study, written by `command`. */
export function climateDocument(
  all: readonly RouteScores[],
  { command, size }: { command: string; size: StudySize },
): string {
  const { dsbm, commit, machine, date } = provenance();
  const { wetness, contrast, weather } = modelErrors;
  return `# Results: climate

Monthly rain of 1999 in the south-east of the USA, in tiles of ${tileSize} × ${tileSize} cells of an eighth of a degree (file bcsd_obs_1999.nc of Debian's package
r-cran-stars). Its coarse model has ${tileSize / block} × ${tileSize / block} cells: the real rain, smoothed over neighbouring cells, with the power ${contrast} of its contrast, ${wetness} times
as wet, and with smooth noise of its own (deviation ${weather} of the logarithm). So the truth of each month is known, and no training uses these pairs. Each of
${size.folds} groups of months is held out in turn. [How to do it](../guide/climate-fields.md)

${scoreTable(all)}

![Maps of one tile: real rain, the model, and what the routes make of it](climate-maps.svg)

Against the better of both quantile mappings in each score:

${comparisonTable(all)}

- **W1 of cells**, **W1 of coarse cells**: 1-Wasserstein distance of the values, and of the means of ${block} × ${block} cells, in mm a month, of one member.
- **error of the spectrum**: mean error of the energy over octaves, of one member.
- **RMSE**: of the mean of ${size.members} members, in mm a month. **CRPS**: of the members; of a single field its mean absolute error.
- **with season**: both runs have \`data.season=true\`. In one year, the season of a month is that month's weather, and held-out months lie between
  trained ones: a network learns the season of several years.
- ± is half of a 95 % interval over resampled months. A route is *better* or *worse* if the interval of the difference on the same
  months is on one side of 0.

The runs of each group of months, and their samples:

<!-- skip: the benchmark runs them on its own files -->
\`\`\`
${Object.values(commandsOf(size))
  .map((words) => `npx dsbm ${words.join(" ")}`)
  .join("\n")}
npx dsbm sample MAPPING then=REFINE new_coarse.nc out.npy members=${size.members} threads=1
\`\`\`

Written by \`${command}\`, one seed, one thread. dsbm ${dsbm}, commit ${commit ?? "unknown"}, ${machine}, ${date.slice(0, 10)}.
`;
}
