// An empty project into which the packed workspaces are installed, from npm's cache alone.
import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { packageFolders } from "../../scripts/setup/stamp.mjs";
import { root } from "../docs/blocks.js";

const read = (path: string) => JSON.parse(readFileSync(join(root, path), "utf8"));

type Entry = {
  dev?: boolean;
  devOptional?: boolean;
  link?: boolean;
  resolved?: string;
  version?: string;
};

/** Names of the packages by their folders, `packages/GROUP/NAME`. */
const names = new Map(
  packageFolders().map((folder) => [folder, String(read(`${folder}/package.json`).name)]),
);

/** Packs all workspaces into a folder, as they are built; the paths of the tarballs by package name. */
function pack(folder: string) {
  mkdirSync(folder);
  const args = ["pack", "--workspaces", "--ignore-scripts", "--json", "--pack-destination", folder];
  execFileSync("npm", args, { cwd: root, stdio: ["ignore", "pipe", "ignore"] });
  return Object.fromEntries(
    readdirSync(folder).map((file) => {
      const name = file.replace(/-\d.*/, "");
      return [name === "dsbm" ? name : name.replace("dsbm-", "@dsbm/"), join(folder, file)];
    }),
  );
}

/**
 * Installs the workspaces and their packages into `folder`, without the network: the lock file
 * names the versions of the repository's own, which npm has in its cache if it installed the
 * repository. Returns npm's reason if it has not.
 */
export function installInto(folder: string): string | null {
  const tarballs = pack(join(folder, "tarballs"));
  const lock = read("package-lock.json");
  const entries = Object.entries(lock.packages as Record<string, Entry>);
  const dependencies = Object.fromEntries(
    Object.entries(tarballs).map(([name, path]) => [name, `file:${path}`]),
  );
  const project = { name: "project", version: "1.0.0", private: true, dependencies };
  const packages = Object.fromEntries([
    ["", project],
    ...entries
      .filter(
        ([path, { dev, devOptional, link }]) =>
          path.includes("node_modules/") && !dev && !devOptional && !link,
      )
      .map(([path, entry]) => [
        path.replace(/^packages\/\w+\/\w+/, (folder) => `node_modules/${names.get(folder)}`),
        entry,
      ]),
    ...Object.entries(dependencies).map(([name, resolved]) => {
      const [folder] = [...names].find(([, other]) => other === name) ?? [];
      const { version, dependencies, bin } = read(`${folder}/package.json`);
      return [`node_modules/${name}`, { version, resolved, dependencies, bin }];
    }),
  ]);
  writeFileSync(join(folder, "package.json"), JSON.stringify(project));
  writeFileSync(
    join(folder, "package-lock.json"),
    JSON.stringify({ ...project, lockfileVersion: 3, requires: true, packages }),
  );
  const args = ["ci", "--offline", "--no-audit", "--no-fund"];
  const { status, stderr } = spawnSync("npm", args, { cwd: folder, encoding: "utf8" });
  return status === 0 ? null : stderr.trim();
}
