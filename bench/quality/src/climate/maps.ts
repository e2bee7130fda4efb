// Maps of one tile: the real rain, its model, and what the routes make of it.
import { mapFigure } from "@dsbm/runs";
import { block, coarseTile, type Rain, type Tile, tileSize } from "./rain.js";
import type { MonthTiles } from "./scores.js";

/** The shown routes with the titles of their members. */
const shownRoutes: Readonly<Record<string, readonly string[]>> = {
  "the model, interpolated": ["model"],
  "quantile mapping, interpolated": ["quantile mapping"],
  "one bridge": ["one bridge"],
  "quantile mapping, then a bridge": ["two stages", "two stages, again"],
};

const unitNames = { y: "latitude (° north)", x: "longitude (° east)" };

/** The edges of the cells of a tile along an axis of equal cells. */
function edgesOf(values: readonly number[], first: number): [first: number, last: number] {
  const place = block * first;
  const [start = 0, next = 1] = values.slice(place);
  const half = (next - start) / 2;
  return [start - half, start - half + 2 * half * block * coarseTile];
}

/** A figure of the first tile of the first held-out month, as SVG. */
export function routeMaps(
  { latitudes, longitudes }: Rain,
  results: ReadonlyMap<string, readonly MonthTiles[]>,
): Promise<string> {
  const [month] = [...results.values()][0] ?? [];
  const tile = month?.tiles[0] as Tile;
  const maps = [
    { title: "real rain", values: month?.truth[0] as Float32Array },
    ...Object.entries(shownRoutes).flatMap(([route, titles]) =>
      titles.flatMap((title, member) => {
        const values = results.get(route)?.[0]?.members[member]?.[0];
        return values ? [{ title, values }] : [];
      }),
    ),
  ];
  return mapFigure({
    title: "Rain of a month that no training saw",
    label: "mm a month",
    maps,
    columns: 2,
    size: [tileSize, tileSize],
    axes: {
      y: { label: unitNames.y, edges: edgesOf(latitudes, tile.row) },
      x: { label: unitNames.x, edges: edgesOf(longitudes, tile.column) },
    },
  });
}
