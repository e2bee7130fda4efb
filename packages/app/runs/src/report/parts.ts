// Runs that were made together, such as the parts of `dsbm start`: parts.json in the folder above theirs names them, a page
// beside it links their reports, and each report links that page.
import { existsSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { RunError } from "../errors.js";
import type { Row } from "../files/csv.js";
import { writeJson } from "../files/json.js";
import { writeFileAtomic } from "../files/write.js";
import { folded, type Picture, pictures, rowsTables } from "./page/blocks.js";
import { type Html, html, listed } from "./page/html.js";
import { renderPage } from "./page/page.js";
import { Field, readField } from "./record.js";

/** What parts.json holds. */
export interface Parts {
  title: string;
  about: string;
  /** Each in a folder of its name. */
  parts: readonly { name: string; title: string }[];
}

/** What the page shows of a part. */
export interface ShownPart {
  /** The state of its run; null where it has not begun. */
  state: string | null;
  /** Its newest evaluations, as they are to be shown. */
  rows: readonly Row[];
  pictures: readonly Picture[];
}

const partsFile = "parts.json";
const pageFile = "report.html";

/** Writes parts.json into `folder`. Throws a file error. */
export function writeParts(folder: string, parts: Parts): void {
  writeJson(join(folder, partsFile), parts);
}

/** What parts.json of `folder` says; null where there is none, or one of another form. */
export function readParts(folder: string): Parts | null {
  const found = fieldOf(join(folder, partsFile));
  const [title, about] = [found.at("title").text, found.at("about").text];
  const parts = found.at("parts").list.flatMap((part) => {
    const [name, its] = [part.at("name").text, part.at("title").text];
    // A name is a folder here, not a way out of it.
    return name !== null && its !== null && /^\w[\w-]*$/.test(name) ? [{ name, title: its }] : [];
  });
  return title !== null && about !== null && parts.length > 0 ? { title, about, parts } : null;
}

/** A file of this name that is no JSON is not ours. */
function fieldOf(path: string): Field {
  try {
    return readField(path);
  } catch (error) {
    if (error instanceof RunError && error.code === "corrupt") return new Field(undefined);
    throw error;
  }
}

/** The line of a part's report that leads back; none for a run that is no part. */
export function partOf(folder: string): Html[] {
  const own = resolve(folder);
  const whole = readParts(dirname(own));
  if (!whole?.parts.some(({ name }) => name === basename(own))) return [];
  return [html`<p>Part of: <a href="../${pageFile}">${whole.title}</a></p>`];
}

/** Writes the page of `folder` and returns its path; `shown` are the parts by their names. Throws a file error. */
export function writePartsPage(
  folder: string,
  { title, about, parts }: Parts,
  {
    shown,
    meanings,
  }: { shown: Map<string, ShownPart>; meanings: Readonly<Record<string, string>> },
): string {
  const path = join(folder, pageFile);
  const sections = parts.map(({ name, title: heading }) => ({
    ...{ id: name, title: heading },
    body: sectionOf(join(folder, name, pageFile), `${name}/${pageFile}`, shown.get(name), meanings),
  }));
  writeFileAtomic(path, renderPage({ title, lead: html`<p>${about}</p>`, sections }));
  return path;
}

function sectionOf(
  report: string,
  link: string,
  part: ShownPart | undefined,
  meanings: Readonly<Record<string, string>>,
): Html[] {
  if (!part || part.state === null) return [html`<p>Not begun yet.</p>`];
  const { tables, terms } = rowsTables("Newest evaluations", part.rows, meanings);
  return listed(
    html`<p>${part.state === "finished" ? "Finished." : `The run is ${part.state}.`}
${existsSync(report) && html`<a href="${link}">Its report</a>`}</p>`,
    part.rows.length > 0 && tables,
    part.rows.length > 0 && terms && folded("What the columns are", [terms]),
    part.pictures.length > 0 && pictures(part.pictures),
  );
}
