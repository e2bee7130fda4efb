// Checks docs/reference-parity.md: every row names a test file or says "no test", and every key in it is a key of this
// program.
import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const shownByColumn = "shown by";

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
    else if (head.at(-1) === shownByColumn && !/^\|[\s|:-]+$/.test(line))
      rows.push({ line: i + 1, head, cells: cellsOf(line) });
  }
  return rows;
}

function wrongCell(cell, read) {
  const paths = [...cell.matchAll(/`([^`]+)`/g)].map(([, path]) => path);
  if (paths.length === 0)
    return /^no test\b/.test(cell) ? [] : ['names no test; name one, or begin with "no test"'];
  return paths
    .filter((path) => !/(^|\/)test\/.*\.ts$/.test(path) || read(path) === null)
    .map((path) => `${path} is no test file that is there`);
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
  if (rows.length === 0) return [`there is no table with a last column "${shownByColumn}"`];
  return rows.flatMap(({ line, head, cells }) => {
    if (cells.length !== head.length)
      return [`line ${line}: ${cells.length} cells under ${head.length} heads`];
    return [
      ...(head[0] === "key" ? wrongKeys(cells[0], keys) : []),
      ...wrongCell(cells.at(-1), read),
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
