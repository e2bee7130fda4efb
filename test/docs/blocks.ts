// The fenced code blocks of the documents, with the comment before a block that says how it is tested:
//   <!-- skip: why it cannot run -->            it is not run
//   <!-- part: FILE -->                         it is a part of a program that test/examples runs
//   <!-- run: key=value … -->                    `npx dsbm` lines are run with these options, not only resolved
//   <!-- replace: 10_000 -> 20 || long -> short --> before it runs
//   <!-- output: what may differ -->             the commands above print these lines, up to the numbers
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { packageFolders } from "../../scripts/setup/stamp.mjs";

export const root: string = fileURLToPath(new URL("../..", import.meta.url));

export interface Block {
  document: string;
  /** Of its first fence. */
  line: number;
  language: string;
  text: string;
  marks: Partial<Record<"skip" | "part" | "run" | "replace" | "output", string>>;
}

const markdown = (folder: string): string[] =>
  readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".md") && !name.includes("node_modules"))
    .map((name) => join(folder, name));

/** Every document of the repository. */
export const documents = (): string[] =>
  [
    ...readdirSync(root).filter((name) => name.endsWith(".md")),
    ...["docs", "deploy", "examples"]
      .filter((folder) => existsSync(join(root, folder)))
      .flatMap(markdown),
    ...packageFolders().map((folder) => `${folder}/README.md`),
  ].sort();

/** The blocks of a document, in order. */
export function blocksOf(document: string): Block[] {
  const lines = readFileSync(join(root, document), "utf8").split("\n");
  const blocks: Block[] = [];
  for (let i = 0; i < lines.length; i++) {
    const [, language] = /^```(\w*)$/.exec(lines[i] as string) ?? [];
    if (language === undefined) continue;
    const end = lines.indexOf("```", i + 1);
    if (end < 0) throw new Error(`${document}:${i + 1} is a block without an end`);
    const marks: Block["marks"] = {};
    for (let above = i - 1; above >= 0; above--) {
      const [, name, value] =
        /^<!-- (skip|part|run|replace|output):(.*)-->$/.exec(lines[above] as string) ?? [];
      if (name === undefined) break;
      marks[name as "skip"] = (value as string).trim();
    }
    blocks.push({
      ...{ document, line: i + 1, language, marks },
      text: replaced(lines.slice(i + 1, end).join("\n"), marks.replace, `${document}:${i + 1}`),
    });
    i = end;
  }
  return blocks;
}

function replaced(text: string, rules: string | undefined, place: string): string {
  for (const rule of rules?.split(" || ") ?? []) {
    const [from = "", to = ""] = rule.split(" -> ");
    if (!text.includes(from)) throw new Error(`${place} has no "${from}" to replace`);
    text = text.replaceAll(from, to);
  }
  return text;
}

/** The commands of a shell block as arguments, continued lines joined, comments dropped. */
export function commandsOf(text: string): string[][] {
  const joined = text.replaceAll(/\\\n\s*/g, " ");
  return joined
    .split("\n")
    .map(wordsOf)
    .filter((words) => words.length > 0);
}

/** Splits a line as a shell does. */
function wordsOf(line: string): string[] {
  const words: string[] = [];
  for (const [part] of line.matchAll(/#.*$|(?:'[^']*'|"[^"]*"|\\.|[^\s'"\\])+/g)) {
    if (part.startsWith("#")) break;
    words.push(part.replaceAll(/'([^']*)'|"([^"]*)"|\\(.)/g, "$1$2$3"));
  }
  return words;
}

/** The text of a line of output before its first number or wide gap; empty for rules. */
export const labelOf = (line: string): string =>
  (/^\W*[^\d\s].*?(?=\s{2,}|\s*[\d[]|$)/.exec(line)?.[0] ?? "").replace(/^[─\s]+$/, "");
