// The page of a study with its figures.
import { join } from "node:path";
import { writeFileAtomic } from "@dsbm/files";

/** The page of a study in the documents. */
export const pageOf = (name: string): string => join("docs", "results", `${name}.md`);

/** Writes a page of results, and its figures by the ends of their names. */
export function writePage(
  page: string,
  text: string,
  figures: Readonly<Record<string, string>>,
): void {
  writeFileAtomic(page, text);
  for (const [end, svg] of Object.entries(figures))
    writeFileAtomic(page.replace(/(\.md)?$/, `${end}.svg`), svg);
}
