// A course in a report: its title, its times with rows and masses, and their names in figures.
import { basename, extname } from "node:path";
import { digits } from "@dsbm/files";
import { type CourseRecord, type DataFile, timeTitle } from "../run/data-file.js";
import { box, type Html, html, type Part } from "./page/html.js";

/** More times are shortened in a title. */
const mostTimes = 8;

const arrows = (list: readonly string[]): string =>
  (list.length <= mostTimes ? list : [...list.slice(0, 3), "…", ...list.slice(-2)]).join(" → ");

const capitalise = (text: string): string => `${text.charAt(0).toUpperCase()}${text.slice(1)}`;

/** "Cells, day 2 → 3 → 7", or the files of several tables with their times. */
export function courseTitle({ name, datasets }: CourseRecord): string {
  const [first] = datasets;
  const labels = datasets.map(({ label }) => label);
  const isOneFile = datasets.every(({ path }) => path === first?.path);
  if (!isOneFile) return arrows(datasets.map(({ path }) => basename(path)));
  const file = basename(first?.path ?? "");
  const stem = file.slice(0, file.length - extname(file).length) || file;
  const isNamed = labels.every((label) => timeTitle(name, label) === label);
  return `${capitalise(stem)}, ${isNamed ? "" : `${name} `}${arrows(labels)}`;
}

/** The times of a course: "day 2", "day 3". */
export const timesOfCourse = ({ name, datasets }: CourseRecord): string[] =>
  datasets.map(({ label }) => timeTitle(name, label));

/** Rows and mass of each time. */
export function courseTable({ name, datasets }: CourseRecord): Html {
  const isOneFile = new Set(datasets.map(({ path }) => path)).size === 1;
  const count = (value: number) => digits(value);
  const hasDropped = datasets.some(({ dropped }) => dropped > 0);
  const hasMass = datasets.some(({ mass }) => mass !== null);
  const heads = [
    capitalise(name),
    ...(isOneFile ? [] : ["File"]),
    "Rows",
    "Trained on",
    "Held out",
    ...(hasDropped ? ["Dropped (missing values)"] : []),
    ...(hasMass ? ["Mass (the first is 1)"] : []),
  ];
  const cellsOf = (one: CourseRecord["datasets"][number]): Part[] => [
    ...(isOneFile ? [] : [basename(one.path)]),
    count(one.rows),
    count(one.train),
    count(one.test),
    ...(hasDropped ? [count(one.dropped)] : []),
    ...(hasMass ? [digits(one.mass)] : []),
  ];
  const rows = datasets.map(
    (one) =>
      html`<tr><th scope="row">${one.label}</th>${cellsOf(one).map((part) => html`<td>${part}</td>`)}</tr>`,
  );
  const table = html`<table><thead><tr>${heads.map((text) => html`<th scope="col">${text}</th>`)}</tr></thead><tbody>${rows}</tbody></table>`;
  return box("Times", table);
}

/** What a bridge through several times does. */
export function courseRequest({ course }: DataFile, isBoth: boolean): Html | null {
  if (!course || course.datasets.length < 3) return null;
  const times = timesOfCourse(course);
  const masses = course.datasets.map(({ mass }) => mass);
  const isGrowing = masses.some((mass) => mass !== null && Math.abs(mass - 1) > 1e-6);
  const growth = masses.every((mass) => mass === null)
    ? ""
    : isGrowing
      ? ` Rows grow and die: the total mass goes from 1 to ${digits(masses.at(-1))}.`
      : " Rows may grow and die; the datasets have equal masses.";
  return html`<p>This bridge carries a row of <b>${times[0]}</b> through ${times.slice(1, -1).map((time, i) => html`<b>${time}</b>${i < times.length - 3 && ","}`)} to <b>${times.at(-1)}</b>, with as little change as possible${isBoth && ", and back"}.${growth} Each time is evaluated on held-out rows.</p>`;
}
