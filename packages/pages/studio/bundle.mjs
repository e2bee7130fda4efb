// Bundles the pages of the studio to dist/bundle, from what TypeScript made: one page, one script, one sheet of styles. What
// is installed from npm has them ready.
import { copyFileSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { rolldown } from "rolldown";

const here = fileURLToPath(new URL(".", import.meta.url));
const out = join(here, "dist/bundle");

const bundle = await rolldown({ input: join(here, "dist/page/main.js"), platform: "browser" });
await bundle.write({
  file: join(out, "page.js"),
  format: "esm",
  minify: true,
  codeSplitting: false,
});
await bundle.close();
const ofCharts = createRequire(import.meta.url).resolve("uplot/dist/uPlot.min.css");
const styles = [ofCharts, join(here, "src/page/style.css")].map((path) =>
  readFileSync(path, "utf8"),
);
writeFileSync(join(out, "page.css"), styles.join("\n"));
copyFileSync(join(here, "src/page/index.html"), join(out, "index.html"));
