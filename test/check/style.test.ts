// The count of scripts/style.mjs finds dialect, and leaves plain sentences, code and marks alone.
import { expect, it } from "vitest";
import { limits, matchesIn, partsOf, problemsOf, proseOf } from "../../scripts/style.mjs";

it.each<[sentence: string, matches: string[]]>([
  [
    "Opens those that the data decide; null where it was stopped.",
    ["those that", "where it", "null where"],
  ],
  ["It is nearer in the place of others.", ["nearer", "in the place of"]],
  ["Prints what is left of a run that is kept.", ["that is kept"]],
  ["What the loggers share.", ["What the"]],
  ["What is a Schrödinger bridge?", []],
  ["The guide shows where the time goes and what you can change.", []],
  ["Returns null if the run was stopped.", []],
])("%s", (sentence, matches) => {
  expect(matchesIn(sentence).map(({ match }: { match: string }) => match)).toEqual(matches);
});

it("reads no code, addresses and marks of a document, and keeps its lines", () => {
  const text = "<!-- skip: words -->\n```\nnpx dsbm words\n```\nA `word` [guide](pictures.md).\n";
  expect(matchesIn(proseOf(text))).toEqual([]);
  expect(proseOf(text).split("\n")).toHaveLength(text.split("\n").length);
});

it("takes comments, messages and names from the syntax tree", () => {
  const { comments, messages, names, types } = partsOf(
    "a.ts",
    'const found = "beside"; // where it lies\n/** Words. */ type Place = "a";\nthrow Error("it goes on and on");',
  );
  expect(comments.map(([, text]: [number, string]) => text)).toEqual([
    "// where it lies",
    "/** Words. */",
  ]);
  expect(messages.map(([, text]: [number, string]) => text)).toEqual(['"it goes on and on"']);
  expect(names.map(([, name]: [number, string]) => name)).toEqual(["found"]);
  expect(types.map(([, name]: [number, string]) => name)).toEqual(["Place"]);
});

it("fails above a limit", () => {
  const kind = (count: number) => ({ words: 1000, places: Array(count).fill("") });
  const none = { documentWords: 0, participles: [], duplicateTypes: [], lines: {} };
  const kinds = { documents: kind(0), comments: kind(0), messages: kind(0) };
  expect(problemsOf({ kinds, ...none })).toEqual([]);
  const worse = { ...kinds, messages: kind(Math.ceil(limits.messages) + 1) };
  const lines = { "README.md": limits.lines["README.md"] + 1 };
  expect(problemsOf({ kinds: worse, ...none, lines })).toHaveLength(2);
});
