// HTML whose texts are escaped: what stands between the words of a template is text unless it is HTML itself. Names of
// columns and files come from outside.
import { escapeXml } from "../figure/svg.js";

/** A piece of HTML, made by `html` or from markup that is known to be safe. */
export class Html {
  constructor(readonly text: string) {}
}

export type Part = Html | string | number | null | undefined | false | readonly Part[];

/** A template: texts and numbers are escaped, pieces of HTML and lists of them are kept, null and false are left out. */
export function html(words: TemplateStringsArray, ...parts: Part[]): Html {
  return new Html(words.map((word, i) => (i === 0 ? "" : textOf(parts[i - 1])) + word).join(""));
}

function textOf(part: Part): string {
  if (part === null || part === undefined || part === false) return "";
  if (part instanceof Html) return part.text;
  if (typeof part === "object") return part.map(textOf).join("\n");
  return escapeXml(String(part));
}
