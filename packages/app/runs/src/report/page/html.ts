// HTML with escaped texts: names of columns and files come from outside.
import { escapeXml } from "../../figure/svg.js";

/** A piece of HTML, made by `html` or from markup that is known to be safe. */
export class Html {
  constructor(readonly text: string) {}
}

export type Part = Html | string | number | null | undefined | false | readonly Part[];

type Piece = Html | null | false | readonly Piece[];

/** The pieces of a page one below the other; null and false are left out. */
export const listed = (...pieces: Piece[]): Html[] =>
  pieces.flatMap((piece) =>
    piece instanceof Html ? [piece] : Array.isArray(piece) ? listed(...piece) : [],
  );

/**
 * A template: texts and numbers are escaped, HTML and lists of it are kept, null and false are left out. Long names and
 * paths may be broken after their signs.
 */
export function html(words: TemplateStringsArray, ...parts: Part[]): Html {
  let made = words[0] as string;
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

/** Letters without a space from which on a text may be broken. */
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
