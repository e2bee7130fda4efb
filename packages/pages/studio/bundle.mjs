// Bundles the pages of the studio to dist/bundle, from what TypeScript made: one page, one script, one sheet of styles. What
// is installed from npm has them ready.
import { copyFileSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { rolldown } from "rolldown";

const packageFolder = fileURLToPath(new URL(".", import.meta.url));
const bundleFolder = join(packageFolder, "dist/bundle");

const bundle = await rolldown({
  input: join(packageFolder, "dist/page/main.js"),
  platform: "browser",
});
await bundle.write({
  file: join(bundleFolder, "page.js"),
  format: "esm",
  minify: true,
  codeSplitting: false,
});
await bundle.close();
const ofCharts = createRequire(import.meta.url).resolve("uplot/dist/uPlot.min.css");
const ownStyles = ["src/widgets/style.css", "src/page/style.css"];
const styles = [ofCharts, ...ownStyles.map((path) => join(packageFolder, path))].map((path) =>
  readFileSync(path, "utf8"),
);
writeFileSync(join(bundleFolder, "page.css"), styles.join("\n"));
copyFileSync(join(packageFolder, "src/page/index.html"), join(bundleFolder, "index.html"));
