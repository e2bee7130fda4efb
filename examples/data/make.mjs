// Draws winter.csv and summer.csv, two small synthetic tables: measurements of three rivers in two
// seasons, and known.csv, pairs of rows of one river. No river was measured. Run it to make the files again:
// node examples/data/make.mjs
import { writeFileSync } from "node:fs";

/** Uniform numbers in [0, 1) from a seed (mulberry32). */
function uniform(seed) {
  let a = seed;
  return () => {
    a = (a + 0x6d2b79f5) | 0;
    let t = Math.imul(a ^ (a >>> 15), 1 | a);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

const rivers = [
  { name: "alder", cold: 0, ph: 7.9, flow: 2.3 },
  { name: "birch", cold: 1.5, ph: 7.2, flow: 1.2 },
  { name: "cedar", cold: 3, ph: 6.6, flow: 0.4 },
];

/** One measurement: colder water holds more oxygen, high flow dilutes nitrate, algae raise the pH in summer. */
function measurement(id, river, summer, draw) {
  const normal = () => Math.sqrt(-2 * Math.log(1 - draw())) * Math.cos(2 * Math.PI * draw());
  const temperature = (summer ? 18.5 : 5) - river.cold + (summer ? 2.2 : 1.4) * normal();
  const flow = Math.exp(river.flow + (summer ? -0.6 : 0.2) + 0.45 * normal());
  const nitrate = 1.2 + 4.5 / (1 + flow / 4) + (summer ? -0.7 : 0.5) + 0.35 * normal();
  const ph = river.ph + (summer ? 0.045 * (temperature - 14) : 0) - 0.03 * nitrate + 0.1 * normal();
  const oxygen = 14.2 - 0.36 * temperature + (summer ? 0.9 * (ph - 7.2) : 0) + 0.4 * normal();
  const values = { temperature, oxygen, ph, flow, nitrate };
  return [id, river.name, ...Object.values(values).map((x) => x.toFixed(2))].join(",");
}

const write = (name, lines) =>
  writeFileSync(new URL(`${name}.csv`, import.meta.url), `${lines.join("\n")}\n`);

const [winter, summer] = [
  ["winter", 900, 1],
  ["summer", 700, 2],
].map(([season, rows, seed]) => {
  const draw = uniform(seed);
  const lines = Array.from({ length: rows }, (_, i) =>
    measurement(`${season[0]}${i + 1}`, rivers[Math.floor(3 * draw())], season === "summer", draw),
  );
  write(season, ["id,river,temperature,oxygen,ph,flow,nitrate", ...lines]);
  return lines.map((line) => line.split(","));
});

const freeRows = [...summer];
const pairs = winter.slice(0, 40).map(([id, river]) => {
  const [[partner]] = freeRows.splice(
    freeRows.findIndex((row) => row[1] === river),
    1,
  );
  return `${id},${partner}`;
});
write("known", ["winter,summer", ...pairs]);
