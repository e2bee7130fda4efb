// HTML with escaped texts: names of columns and files come from outside.
import { escapeXml } from "../../figure/svg.js";

/** A piece of HTML, made by `html` or from safe markup. */
export class Html {
  constructor(readonly text: string) {}
}

export type Part = Html | string | number | null | undefined | false | readonly Part[];

type Piece = Html | null | false | readonly Piece[];

/** The pieces of a page without null and false. */
export const listed = (...pieces: Piece[]): Html[] =>
  pieces.flatMap((piece) =>
    piece instanceof Html ? [piece] : Array.isArray(piece) ? listed(...piece) : [],
  );

/**
 * A template: escapes texts and numbers, keeps HTML and lists of it, drops null and false. Long
 * names and paths may break after their signs.
 */
export function html(words: TemplateStringsArray, ...parts: Part[]): Html {
  let made = words[0];
  for (const [i, part] of parts.entries()) {
    const isInTag = made.lastIndexOf("<") > made.lastIndexOf(">");
    made += textOf(part, isInTag ? escapeXml : breakable) + words[i + 1];
  }
  return new Html(made);
}

function textOf(part: Part, escaped: (text: string) => string): string {
  if (part === null || part === undefined || part === false) return "";
  if (part instanceof Html) return part.text;
  if (typeof part === "object") return part.map((one) => textOf(one, escaped)).join("\n");
  return escaped(String(part));
}

/** Texts without a space may break from this length on. */
const long = 16;

const breakable = (text: string): string =>
  text
    .split(/(\s+)/)
    .map((token) =>
      token.length < long
        ? escapeXml(token)
        : token
            .split(/(?<=[_./,=:;&?\\-])(?=[\p{L}\p{N}"'{[])/u)
            .map(escapeXml)
            .join("<wbr>"),
    )
    .join("");
