// The files of the gallery: of each run a page and a picture, and README.md with all of them.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { exportPage } from "@dsbm/export";
import type { Progress } from "@dsbm/runs";
import { writeFileAtomic } from "@dsbm/runs";

/** Bytes of a page that the repository takes. */
const mostKept = 1e6;

/** A run as it is shown. */
export interface Shown {
  name: string;
  title: string;
  about: string;
  direction: "f" | "b";
  /** The command that trains it; null for a run of the user's own. */
  command: string | null;
  folder: string;
}

/** Writes NAME.html and, where the run has one, NAME.png; returns the lines of README.md. */
export async function writeExhibit(
  { name, title, about, direction, command, folder }: Shown,
  out: string,
  { progress, signal }: { progress: Progress; signal: AbortSignal },
): Promise<string[]> {
  const path = join(out, `${name}.html`);
  const { files } = await exportPage(folder, path, { title, start: direction, progress, signal });
  const isSmall = files.every(({ bytes }) => bytes <= mostKept);
  const page = isSmall
    ? `[${name}.html](${name}.html)`
    : `\`${name}.html\` holds ONNX Runtime, so that it is not in the repository`;
  const picture = newestPicture(folder, direction);
  if (picture) writeFileAtomic(join(out, `${name}.png`), readFileSync(picture));
  return [
    `## ${title}`,
    "",
    `${about} ${page}${command ? `; trained by \`${command}\`` : ""}.`,
    ...(picture ? ["", `![${title}](${name}.png)`] : []),
    "",
  ];
}

/** The newest picture of paths in a direction, or of points; null where the run has none. */
function newestPicture(folder: string, direction: "f" | "b"): string | null {
  const samples = join(folder, "samples");
  const names = existsSync(samples) ? readdirSync(samples).sort() : [];
  for (const part of [`_${direction}_`, ""])
    for (const end of ["_path.png", "_scatter.png"]) {
      const found = names.findLast((name) => name.includes(part) && name.endsWith(end));
      if (found !== undefined) return join(samples, found);
    }
  return null;
}

/** A run of the user's own; its name is that of its experiment. */
export function ownExhibit(folder: string): Shown {
  const names = folder.split(/[\\/]/).filter((part) => part !== "");
  const name = (names.at(-3) ?? basename(folder)).replaceAll(/[^\w-]+/g, "-");
  return { name, folder, title: name, about: "A run of one's own.", direction: "f", command: null };
}

/** Writes README.md; sections of other titles that are there already stay, so that some can be made anew. */
export function writeIndex(out: string, sections: readonly (readonly string[])[]): string {
  const path = join(out, "README.md");
  const head = [
    "# Gallery",
    "",
    "Made by `npx dsbm gallery`: pictures, and pages that play each bridge offline. A page is one file: download it and open it.",
  ].join("\n");
  const there = existsSync(path)
    ? readFileSync(path, "utf8")
        .split(/^(?=## )/m)
        .slice(1)
    : [];
  const made = sections.map((lines) => lines.join("\n"));
  const byTitle = new Map([...there, ...made].map((text) => [text.split("\n", 1)[0], text.trim()]));
  writeFileAtomic(path, `${[head, ...byTitle.values()].join("\n\n")}\n`);
  return path;
}
