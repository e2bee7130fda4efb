// Counts dialect in documents, comments and messages. The patterns and their limits are the tables below.
//   node scripts/style.mjs [--list [documents|comments|messages|types]] [FOLDER]
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import ts from "typescript";
import { repo } from "./setup/stamp.mjs";

/**
 * Occurrences per 1,000 words; words of documents that people write, without the changelog; types. Lower them when you
 * reach less.
 */
export const limits = {
  documents: 0.4,
  comments: 0.5,
  messages: 0.7,
  documentWords: 36_500,
  duplicateTypes: 32,
  lines: { "README.md": 110, "docs/plan.md": 60 },
};

/** What each rule finds. A sentence can be right and match: the goal is few matches, not none. */
export const rules = {
  "a pronoun instead of the noun": [
    /\b(?:that|those) of\b/,
    /\bthose (?:that|which|who|where|with|in|at|below|above|on)\b/,
    /\bthe (?:same|other|others|latter|former) (?:is|are|of it|of them)\b/,
    /\b(?:one|ones) (?:that|which|of them)\b/,
    /(?:\b(?:to|of|by|in|with|from|at) |[,;:.(] |^)what (?:it|is|are|was|were|they|has|have|a|the)\b(?![^.\n]*\?)/,
  ],
  "a relative clause instead of an adjective": [
    /\b(?:that|which) (?:is|are|was|were) (?:held|kept|left|given|made|there|their|its|not|of|in|at|for)\b/,
    /\b(?:that|which) there (?:is|are|was|were)\b/,
    /\b(?:than|as) there (?:is|are)\b/,
  ],
  "a condition with where": [
    /\bwhere (?:there|it|they|no|nothing|none|a|an|some|one|given|possible|that|this|these|neither|either|both|only|its|their)\b/,
    /\b(?:null|undefined|none|empty|false|true) where\b/,
  ],
  "an unusual word": [
    /\bnearer\b/,
    /\bin (?:the )?place of\b/,
    /\banew\b/,
    /\b(?:go|goes|going|went|gone) on\b/,
    /\bdrawn (?:data|set|sets|vector|vectors|image|images|picture|pictures|square|squares|folder|folders|measurement|measurements|points|fields)\b/,
    /\bpictures?\b/,
    /\bwords?\b/,
    /\bleft out\b/,
    /\bbesides?\b/,
  ],
};
/** Written by commands: results and tables of messages, whose sources are counted. */
const isResult = (file) => /^docs\/results(\.md|\/.*)$/.test(file);
const isGenerated = (file) => isResult(file) || file === "docs/keys.md";

export const countWords = (text) => text.split(/\s+/).filter((word) => /\w/.test(word)).length;

/** Matches of all rules in a text: [{ rule, match, index }]. */
export function matchesIn(text) {
  return Object.entries(rules).flatMap(([rule, patterns]) =>
    patterns.flatMap((pattern) =>
      [...text.matchAll(new RegExp(pattern.source, "gim"))].map((match) => ({
        rule,
        match: match[0],
        index: match.index,
      })),
    ),
  );
}

const blankOut = (text) => text.replaceAll(/[^\n]/g, " ");

/** A document without code, addresses, marks for tests and tables of messages. Line numbers stay. */
export const proseOf = (text) =>
  text
    .replaceAll(/^---\n[\s\S]*?^---$/gm, blankOut)
    .replaceAll(/^( *)```[\s\S]*?^ *```$/gm, blankOut)
    .replaceAll(/^<!-- metrics: [\s\S]*?^<!-- \/metrics -->$/gm, blankOut)
    .replaceAll(/<!--[\s\S]*?-->/g, blankOut)
    .replaceAll(/`[^`\n]+`/g, blankOut)
    .replaceAll(/\b(?:src|href)="[^"]*"/g, blankOut)
    .replaceAll(/\]\([^)]*\)/g, blankOut);

/** Comments, messages (texts of four words or more) and types of a source. */
export function partsOf(file, text) {
  const kind = /x$/.test(file) ? ts.ScriptKind.TSX : ts.ScriptKind.TS;
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true, kind);
  const comments = new Map();
  const messages = [];
  const types = [];
  const visit = (node) => {
    for (const range of [
      ...(ts.getLeadingCommentRanges(text, node.getFullStart()) ?? []),
      ...(ts.getTrailingCommentRanges(text, node.getEnd()) ?? []),
    ])
      comments.set(range.pos, text.slice(range.pos, range.end));
    const isText = ts.isStringLiteralLike(node) || ts.isTemplateExpression(node);
    // Values within a text are code.
    const message = isText && node.getText().replaceAll(/\$\{[^{}]*\}/g, "${…}");
    if (message && countWords(message) >= 4) messages.push([node.getStart(), message]);
    const { name } = node;
    if (name && ts.isIdentifier(name)) {
      if (
        ts.isInterfaceDeclaration(node) ||
        ts.isTypeAliasDeclaration(node) ||
        ts.isClassDeclaration(node)
      )
        types.push([name.getStart(), name.text]);
    }
    if (!ts.isTemplateExpression(node)) node.getChildren(source).forEach(visit);
  };
  visit(source);
  return { comments: [...comments], messages, types };
}

const lineAt = (text, index) => text.slice(0, index).split("\n").length;

/** Counts of a tree of files: words and places by kind. */
export function countTree(root) {
  const files = execFileSync("git", ["ls-files"], { cwd: root, encoding: "utf8" }).split("\n");
  const kinds = Object.fromEntries(
    ["documents", "comments", "messages"].map((kind) => [kind, { words: 0, places: [] }]),
  );
  const types = new Map();
  const lines = {};
  let documentWords = 0;
  const add = (kind, file, text, start, part) => {
    kinds[kind].words += countWords(part);
    for (const { rule, match, index } of matchesIn(part))
      kinds[kind].places.push(`${file}:${lineAt(text, start + index)}: "${match}" (${rule})`);
  };
  for (const file of files.filter((name) => existsSync(join(root, name)))) {
    const isDocument = file.endsWith(".md");
    const isSource = /\.(ts|tsx|mjs|cjs)$/.test(file) && !/\.generated\.|\/native\//.test(file);
    if (!isDocument && !isSource) continue;
    const text = readFileSync(join(root, file), "utf8");
    if (isDocument) {
      lines[file] = text.trimEnd().split("\n").length;
      if (!isGenerated(file) && file !== "CHANGELOG.md") documentWords += countWords(text);
      if (!isGenerated(file)) add("documents", file, text, 0, proseOf(text));
      continue;
    }
    const parts = partsOf(file, text);
    for (const [start, comment] of parts.comments) add("comments", file, text, start, comment);
    if (!/^packages\/.*\/src\//.test(file)) continue;
    for (const [start, message] of parts.messages) add("messages", file, text, start, message);
    const place = ([start, name]) => `${file}:${lineAt(text, start)}: ${name}`;
    for (const type of parts.types)
      types.set(type[1], [...(types.get(type[1]) ?? []), place(type)]);
  }
  const duplicateTypes = [...types.values()].filter((places) => places.length > 1).flat();
  return { kinds, documentWords, duplicateTypes, lines };
}

/** What is above its limit, a line each. */
export function problemsOf({ kinds, documentWords, duplicateTypes, lines }) {
  const rates = Object.entries(kinds).map(([kind, { words, places }]) => ({
    name: `${kind}: matches per 1,000 words`,
    value: (1000 * places.length) / Math.max(1, words),
    limit: limits[kind],
  }));
  return [
    ...rates,
    ...Object.entries(limits.lines).map(([file, limit]) => ({
      name: `lines of ${file}`,
      value: lines[file] ?? 0,
      limit,
    })),
    { name: "words of documents", value: documentWords, limit: limits.documentWords },
    { name: "types of one name", value: duplicateTypes.length, limit: limits.duplicateTypes },
  ]
    .filter(({ value, limit }) => value > limit)
    .map(({ name, value, limit }) => `${name}: ${Number(value.toFixed(2))}, limit ${limit}`);
}

function main(args) {
  const options = args.filter((one) => !one.startsWith("-"));
  const shows = ["documents", "comments", "messages", "types"];
  const counts = countTree(options.find((one) => !shows.includes(one)) ?? repo);
  const { kinds, documentWords, duplicateTypes } = counts;
  if (args.includes("--list")) {
    const asked = options.filter((one) => shows.includes(one));
    for (const show of asked.length > 0 ? asked : shows)
      for (const place of kinds[show]?.places ?? duplicateTypes) console.log(place);
  }
  for (const [kind, { words, places }] of Object.entries(kinds))
    console.log(
      `${kind}: ${places.length} matches in ${words} words, ${((1000 * places.length) / words).toFixed(2)} per 1,000`,
    );
  console.log(
    `${documentWords} words of documents; ${duplicateTypes.length} types that share a name`,
  );
  const problems = problemsOf(counts);
  for (const problem of problems) console.error(problem);
  process.exitCode = problems.length > 0 ? 1 : 0;
}
if (process.argv[1] === import.meta.filename) main(process.argv.slice(2));
