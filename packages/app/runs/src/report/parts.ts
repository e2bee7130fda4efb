// Runs made together, for example the parts of `dsbm start`: parts.json in the folder above names
// them, a page next to it links their reports, and each report links the page.
import { existsSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { writeFileAtomic } from "@dsbm/files";
import { z } from "zod";
import { RunError } from "../errors.js";
import { readIfAs, writeJson } from "../files/json.js";
import { listOf } from "../files/schema.js";
import type { Quality } from "../run/quality.js";
import { type Picture, pictures } from "./page/blocks.js";
import { type Html, html, listed } from "./page/html.js";
import { renderPage } from "./page/page.js";
import { distinctNames, type Names, verdictParts } from "./verdict.js";

const partsSchema = z.object({
  title: z.string(),
  about: z.string(),
  /** A folder name cannot lead out of the folder. */
  parts: listOf(z.object({ name: z.string().regex(/^\w[\w-]*$/), title: z.string() })),
});
export type Parts = z.output<typeof partsSchema>;

export interface ShownPart {
  /** The state of its run; null before it begins. */
  state: string | null;
  quality: Quality | null;
  names: Names;
  pictures: readonly Picture[];
}

const partsFile = "parts.json";
const pageFile = "report.html";

/** Throws FileError. */
export const writeParts = (folder: string, parts: Parts): void =>
  writeJson(join(folder, partsFile), parts);

export function partOf(folder: string): Html[] {
  const run = resolve(folder);
  try {
    const whole = readIfAs(join(dirname(run), partsFile), partsSchema);
    if (!whole?.parts.some(({ name }) => name === basename(run))) return [];
    return [html`<p>Part of: <a href="../${pageFile}">${whole.title}</a></p>`];
  } catch (error) {
    // A file of this name that is not JSON is not ours.
    if (error instanceof RunError) return [];
    throw error;
  }
}

/**
 * Writes the page of `folder` and returns its path; `shown` maps names to parts. Throws FileError.
 */
export function writePartsPage(
  folder: string,
  { title, about, parts }: Parts,
  shown: ReadonlyMap<string, ShownPart>,
): string {
  const sections = parts.map(({ name, title: heading }) => {
    const part = shown.get(name);
    if (!part || part.state === null)
      return { id: name, title: heading, body: [html`<p>Not begun yet.</p>`] };
    const link = `${name}/${pageFile}`;
    const body = listed(
      html`<p>${part.state === "finished" ? "Finished." : `The run is ${part.state}.`}
${existsSync(join(folder, link)) && html`<a href="${link}">Its report</a>`}</p>`,
      verdictParts(part.quality, distinctNames(part.names), join(folder, name)),
      part.pictures.length > 0 && pictures(part.pictures),
    );
    return { id: name, title: heading, body };
  });
  const path = join(folder, pageFile);
  writeFileAtomic(path, renderPage({ title, lead: html`<p>${about}</p>`, sections }));
  return path;
}
