// The page of the study of emoji.
import { provenance } from "../provenance.js";
import type { EmojiCase, EmojiResult } from "./study.js";

/** The results of a case, a seed each. */
export interface EmojiRow {
  study: EmojiCase;
  results: readonly EmojiResult[];
}

const percent = (value: number): string => `${(100 * value).toFixed(1)} %`;
const threeDigits = (value: number): string => String(Number(value.toPrecision(3)));

/** The mean over seeds; "–" without values. */
function mean(
  results: readonly EmojiResult[],
  of: (one: EmojiResult) => number | null,
  text: (value: number) => string,
): string {
  const values = results.flatMap((one) => of(one) ?? []);
  return values.length === 0 ? "–" : text(values.reduce((a, b) => a + b, 0) / values.length);
}

const lineOf = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;

function rowOf({ study, results }: EmojiRow): string {
  const value = (of: (one: EmojiResult) => number | null, text = percent) =>
    mean(results, of, text);
  const grades = results.map(({ verdict }) => verdict ?? "–").join(", ");
  return lineOf([
    study.about,
    String(study.minutes),
    results.map(({ seed }) => seed).join(", "),
    value(({ c2st }) => c2st.value),
    value(({ partners }) => partners.generated),
    value(({ reconstruction }) => reconstruction, threeDigits),
    value(
      ({ steps }) => steps,
      (steps) => steps.toFixed(0),
    ),
    value(
      ({ seconds }) => seconds,
      (seconds) => seconds.toFixed(0),
    ),
    grades,
  ]);
}

/** The page of the study, written by `command`. */
export function emojiDocument(rows: readonly EmojiRow[], command: string): string {
  const { dsbm, commit, machine, date } = provenance();
  const head = ["bridge between", "minutes", "seeds", "C2ST", "partners found", "reconstruction"];
  const all = [...head, "steps", "seconds", "verdict"];
  const some = rows.flatMap(({ study, results }) => (study.size === 32 ? results : []));
  const bound = (about: string, classifier: string, partners: string) =>
    lineOf([`_${about}_`, "", "", classifier, partners, ...all.slice(5).map(() => "")]);
  const share = (of: (one: EmojiResult) => number) => mean(some, of, percent);
  return `# Results: emoji

\`dsbm fit\` between emoji in the styles of Google and of Twitter, trained on disjoint names. A tenth of the names is held out in both styles,
so that true partners are known. [How to do it](../guide/image-folders.md)

![C2ST and partners found of each fit, next to bounds without a bridge](emoji.svg)

${[
  lineOf(all),
  lineOf(all.map(() => "---")),
  ...rows.map(rowOf),
  bound(
    "other images of Twitter",
    share(({ c2st }) => c2st.floor),
    "",
  ),
  bound(
    "untouched images of Google",
    share(({ c2st }) => c2st.ceiling),
    share(({ partners }) => partners.untouched),
  ),
  bound(
    "plan of transport in pixels",
    "",
    share(({ partners }) => partners.planned),
  ),
].join("\n")}

- **C2ST**: the accuracy of a classifier that tells generated images from Twitter's; 50 % is guessing.
- **partners found**: how often the nearest of Twitter's held-out images in pixels is the partner. The plan of transport pairs all held-out images at once, which a bridge cannot.
- **known pairs**: the share of training images whose partner is in the other folder, by its name (\`pairs=names\`).
- **reconstruction**: the root mean square error of the autoencoder alone on Twitter's held-out images, on a scale from −1 to 1.

Written by \`${command}\`. dsbm ${dsbm}, commit ${commit ?? "unknown"}, ${machine}, ${date.slice(0, 10)}. The images are of the npm packages
\`emoji-datasource-google\` and \`emoji-datasource-twitter\`. The machine was shared.
`;
}
