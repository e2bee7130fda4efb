// Emoji of two styles: packages of npm, split into names to train on, disjoint in both styles, and names to measure with.
import { execFileSync } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, readdirSync, renameSync } from "node:fs";
import { join } from "node:path";
import { sha256 } from "@dsbm/files";

/** The packages of both styles, fetched by npm. */
const packages = {
  google: "emoji-datasource-google",
  twitter: "emoji-datasource-twitter",
} as const;
const packageVersion = "16.0.0";

type Style = keyof typeof packages;

/** The share of held-out names in both styles. */
const heldOutShare = 0.1;

/** Folders of images, each with the subfolders train and test. */
export type EmojiFolders = Record<Style, string>;

/** The folder with the images of a style, 64 pixels a side, fetched and unpacked unless it is there. */
function fetchStyle(style: Style, folder: string): string {
  const place = join(folder, style);
  const images = join(place, "package", "img", style, "64");
  if (existsSync(images)) return images;
  const temporary = `${place}.part`;
  mkdirSync(temporary, { recursive: true });
  const name = `${packages[style]}@${packageVersion}`;
  const options = { cwd: temporary, encoding: "utf8" } as const;
  const archive = execFileSync("npm", ["pack", "--silent", name], options).trim();
  execFileSync("tar", ["-xzf", archive, `package/img/${style}/64`, "package/LICENSE"], options);
  renameSync(temporary, place);
  return images;
}

/**
 * The training names of each style: a half each, of which a share of Twitter's is replaced by names of Google's, so that
 * their images are known pairs and each style keeps its number of images.
 */
export function trainingNames(names: readonly string[], known: number): Record<Style, string[]> {
  const half = Math.floor(names.length / 2);
  const shared = Math.round(known * half);
  return {
    google: names.slice(0, half),
    twitter: [...names.slice(0, shared), ...names.slice(half + shared)],
  };
}

/**
 * Copies the images of a seed into folders: the training names of each style, of which a share `known` has its partner, and the
 * held-out names in both.
 */
export function emojiFolders(folder: string, seed: number, known: number): EmojiFolders {
  const cache = join(folder, "packages");
  const sources = { google: fetchStyle("google", cache), twitter: fetchStyle("twitter", cache) };
  const twitterNames = new Set(readdirSync(sources.twitter));
  const order = (name: string) => sha256(Buffer.from(`${seed}/${name}`));
  const names = readdirSync(sources.google)
    .filter((name) => twitterNames.has(name))
    .map((name) => ({ name, key: order(name) }))
    .sort((a, b) => (a.key < b.key ? -1 : 1))
    .map(({ name }) => name);
  const test = names.splice(0, Math.round(heldOutShare * names.length));
  const parts = trainingNames(names, known);
  const share = known > 0 ? `-known-${known}` : "";
  const place = (style: Style) => join(folder, `seed-${seed}${share}`, style);
  for (const style of ["google", "twitter"] as const)
    for (const [split, list] of Object.entries({ train: parts[style], test })) {
      const to = join(place(style), split);
      mkdirSync(to, { recursive: true });
      for (const name of list) copyFileSync(join(sources[style], name), join(to, name));
    }
  return { google: place("google"), twitter: place("twitter") };
}
