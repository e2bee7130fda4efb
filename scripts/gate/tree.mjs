// The hand-written sources of the repository: of the work tree, or of a commit.
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import ts from "typescript";
import { repo } from "../setup/stamp.mjs";

const git = (args, input) =>
  execFileSync("git", args, { cwd: repo, input, maxBuffer: 2 ** 30, stdio: "pipe" });

const isHandWritten = (file) =>
  /\.(ts|tsx|mjs|cjs)$/.test(file) && !/\.generated\.|^docs\/(gallery|api)\//.test(file);

/** Texts of the files of a commit by name, from one call of git. */
function textsOfCommit(commit, files) {
  const answer = git(["cat-file", "--batch"], files.map((file) => `${commit}:${file}\n`).join(""));
  const texts = new Map();
  let start = 0;
  for (const file of files) {
    const end = answer.indexOf(10, start);
    const size = Number(answer.toString("utf8", start, end).split(" ").at(-1));
    texts.set(file, answer.toString("utf8", end + 1, end + 1 + size));
    start = end + size + 2;
  }
  return texts;
}

function textsOfWorkTree(files) {
  return new Map(
    files
      .filter((file) => existsSync(join(repo, file)))
      .map((file) => [file, readFileSync(join(repo, file), "utf8")]),
  );
}

/** Parses a source text with parents. */
export function parse(file, text) {
  const kind = file.endsWith("x") ? ts.ScriptKind.TSX : ts.ScriptKind.TS;
  return ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true, kind);
}

/**
 * The hand-written sources: [{ file, text, source }], sorted by file. Without `commit`, the sources of the work
 * tree, with files that git does not know yet.
 */
export function readTree(commit) {
  const list = commit
    ? ["ls-tree", "-r", "-z", "--name-only", commit]
    : ["ls-files", "-z", "--cached", "--others", "--exclude-standard"];
  const files = [...new Set(git(list).toString("utf8").split("\0"))].filter(isHandWritten).sort();
  const texts = commit ? textsOfCommit(commit, files) : textsOfWorkTree(files);
  return [...texts].map(([file, text]) => ({ file, text, source: parse(file, text) }));
}

/** The name of a commit in short, or undefined if git does not know it, as in a shallow clone. */
export function resolveCommit(name) {
  try {
    return git(["rev-parse", "--short=8", "--verify", "--quiet", `${name}^{commit}`])
      .toString("utf8")
      .trim();
  } catch {
    return undefined;
  }
}
