// Holds docs/reference-parity.md to its word: every row names a test that is there or says "no test", every key in it
// is a key of this program, and every command in it stands word for word in the tests that it names.
import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const shown = "shown by";

const cellsOf = (line) =>
  line
    .split(/(?<!\\)\|/)
    .slice(1, -1)
    .map((cell) => cell.trim().replaceAll("\\|", "|"));

/** The rows of all tables whose last column is "shown by": number of the line, heads and cells. */
function rowsOf(text) {
  const rows = [];
  let head = null;
  for (const [i, line] of text.split("\n").entries()) {
    if (!line.startsWith("|")) head = null;
    else if (head === null) head = cellsOf(line);
    else if (head.at(-1) === shown && !/^\|[\s|:-]+$/.test(line))
      rows.push({ line: i + 1, head, cells: cellsOf(line) });
  }
  return rows;
}

/** The files that a cell names, each with the names in quotes that follow it. */
function citedIn(cell) {
  return [...cell.matchAll(/`([^`]+)`([^`]*)/g)].map(([, path, rest]) => ({
    path,
    names: [...rest.matchAll(/"([^"]+)"/g)].map(([, name]) => name),
  }));
}

/** Whether a name stands in a source as a whole text, not as a part of another or in a comment. */
const stands = (name, source) =>
  [`"${name}"`, `'${name}'`, `\`${name}\``].some((text) => source.includes(text));

function wrongCell(cell, read) {
  const cited = citedIn(cell);
  if (cited.length === 0)
    return /^no test\b/.test(cell) ? [] : ['names no test; name one, or begin with "no test"'];
  return cited.flatMap(({ path, names }) => {
    const source = /(^|\/)test\/.*\.ts$/.test(path) ? read(path) : null;
    if (source === null) return [`${path} is no test file that is there`];
    if (names.length === 0) return [`${path} is named without a test of it in quotes`];
    return names.filter((name) => !stands(name, source)).map((name) => `${path} has no "${name}"`);
  });
}

/** A command's words must stand in one of the files beside it, after the name of the command. */
function wrongCommand(cell, shownBy, read) {
  const command = /^`dsbm (?:gaussian|train) (.+)`$/.exec(cell)?.[1];
  if (command === undefined) return [];
  const words = command.replaceAll(/\['(\w)'\]/g, "[$1]"); // a shell takes these quotes away
  const found = citedIn(shownBy).some(({ path }) => stands(words, read(path) ?? ""));
  return found ? [] : [`the command ${command} stands in none of its tests word for word`];
}

function wrongKeys(cell, keys) {
  const names = [...cell.matchAll(/`([^`]+)`/g)].map(([, name]) => name);
  return names.filter((name) => !keys.has(name)).map((name) => `${name} is no key of this program`);
}

/**
 * One line for each thing that is wrong with the document's `text`; [] if all is well. `read` gives the text of a file
 * of the repository or null, `keys` are the keys of all commands.
 */
export function wrongRows(text, { read, keys }) {
  const rows = rowsOf(text);
  if (rows.length === 0) return [`there is no table with a last column "${shown}"`];
  return rows.flatMap(({ line, head, cells }) => {
    if (cells.length !== head.length)
      return [`line ${line}: ${cells.length} cells under ${head.length} heads`];
    const [first, last] = [cells[0], cells.at(-1)];
    return [
      ...(head[0] === "key" ? wrongKeys(first, keys) : []),
      ...(head[0] === "command" ? wrongCommand(first, last, read) : []),
      ...wrongCell(last, read),
    ].map((what) => `line ${line}: ${what}`);
  });
}

if (process.argv[1] && resolve(process.argv[1]) === fileURLToPath(import.meta.url)) {
  const { gaussian, helpEntries, launcherSchema, referenceKeys, test, train } = await import(
    "../packages/app/config/dist/index.js"
  );
  const commands = [train, test, gaussian];
  const networks = train.schema.shape.model.unwrap().options;
  const keys = new Set([
    ...commands.flatMap(({ schema }) => helpEntries(schema).map(({ key }) => key)),
    ...commands.flatMap(({ aliases }) => Object.keys(aliases)),
    ...helpEntries(launcherSchema).map(({ key }) => key),
    ...networks.flatMap((network) => helpEntries(network).map(({ key }) => `model.${key}`)),
    ...referenceKeys,
    ...["method", "model", "dataset", "launcher"], // what chooses presets
  ]);
  const read = (path) =>
    existsSync(join(root, path)) ? readFileSync(join(root, path), "utf8") : null;
  const wrong = wrongRows(read("docs/reference-parity.md") ?? "", { read, keys });
  for (const line of wrong) console.log(`docs/reference-parity.md: ${line}`);
  process.exitCode = wrong.length > 0 ? 1 : 0;
}
