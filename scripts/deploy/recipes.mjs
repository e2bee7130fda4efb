// The recipes of deploy/ as data: instructions of the Dockerfile, sections of the Apptainer definition.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { repo } from "../setup/stamp.mjs";

const read = (path) => readFileSync(join(repo, path), "utf8");

/** Without comments, continued lines in one. */
const joinLines = (text) =>
  text
    .split("\n")
    .filter((line) => !/^\s*#/.test(line))
    .join("\n")
    .replaceAll(/\\\n\s*/g, " ");

/** The instructions of a Dockerfile in order: { name, rest }. */
export const dockerfile = () =>
  joinLines(read("deploy/Dockerfile"))
    .split("\n")
    .filter((line) => line.trim() !== "")
    .map((line) => {
      const [, name, rest] = /^([A-Z]+) (.+)$/.exec(line) ?? [];
      return { name: name ?? line, rest: (rest ?? "").trim() };
    });

/** What COPY instructions copy: [from, to] by file or folder. */
export const copies = (instructions) =>
  instructions
    .filter(({ name }) => name === "COPY")
    .flatMap(({ rest }) => {
      const paths = rest.split(/\s+/);
      const to = paths.pop();
      return paths.map((from) => [from, to.endsWith("/") ? `${to}${from}`.replace("./", "") : to]);
    });

/** The header of an Apptainer definition, and its sections by name ("%post"). */
export function definition() {
  const [header, ...rest] = joinLines(read("deploy/dsbm.def")).split(/^(?=%)/m);
  const sections = new Map(
    rest.map((text) => {
      const [head, ...lines] = text.split("\n");
      return [head, lines.join("\n").trim()];
    }),
  );
  return { header, sections };
}

/** The packages of an apt-get install, up to the next command. */
export function installedPackages(script) {
  const [, words] = /apt-get install -y --no-install-recommends ([^\n&]+)/.exec(script) ?? [];
  return (words ?? "").trim().split(/\s+/).sort();
}

/** The names that deploy/Dockerfile.dockerignore leaves out wherever they are, and at the top. */
export function ignoredPaths() {
  const lines = read("deploy/Dockerfile.dockerignore").split("\n").filter(Boolean);
  const anywhere = lines.flatMap((line) => (line.startsWith("**/") ? [line.slice(3)] : []));
  const matches = (name, pattern) =>
    pattern.startsWith("*") ? name.endsWith(pattern.slice(1)) : name === pattern;
  const top = lines.filter((line) => !line.startsWith("**/"));
  return (path) => {
    const parts = path.split("/");
    return (
      top.includes(parts[0]) || parts.some((part) => anywhere.some((one) => matches(part, one)))
    );
  };
}
