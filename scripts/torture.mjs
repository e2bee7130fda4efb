// Kills, and faults of the disk, at any moment: a command that is typed again must end with the bits of an untouched one.
// `npm run torture -- --kills 200 --faults --links --memory [--points 8]
// [--only vectors,images,sweep,fit,leave,sample,annotate,export,report]
// [--kinds write,fsync,rename,open,mmap,tensor,block]`.
import { resolve } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { commands } from "./torture/commands.mjs";
import { faults } from "./torture/faults.mjs";
import { killAll, killsLine } from "./torture/kills.mjs";
import { links } from "./torture/links.mjs";
import { memory } from "./torture/memory.mjs";

if (process.argv[1] && resolve(process.argv[1]) === fileURLToPath(import.meta.url)) {
  const { values } = parseArgs({
    options: {
      kills: { type: "string" },
      faults: { type: "boolean", default: false },
      links: { type: "boolean", default: false },
      memory: { type: "boolean", default: false },
      points: { type: "string", default: "8" },
      only: { type: "string" },
      kinds: { type: "string" },
      seed: { type: "string", default: "1" },
    },
  });
  const names = values.only === undefined ? Object.keys(commands) : values.only.split(",");
  const say = (text) => console.log(text);
  const wrong = [];
  if (values.faults) {
    const kinds = values.kinds?.split(",");
    const result = await faults({ points: Number(values.points), names, kinds, say });
    wrong.push(...result.wrong);
    const each = Object.entries(result.injected).map(([kind, n]) => `${n} ${kind}`);
    console.log(
      `faults: ${each.join(", ")}; ${result.wrong.length} ended otherwise than they should`,
    );
  }
  if (values.links) {
    const result = await links({ say });
    wrong.push(...result.wrong);
    console.log(`links: ${result.typed} commands, ${result.wrong.length} did what they should not`);
  }
  if (values.memory) {
    const result = await memory({ points: Number(values.points), names, say });
    wrong.push(...result.wrong);
    console.log(`memory: ${result.typed} commands, ${result.wrong.length} ended otherwise`);
  }
  if (values.kills !== undefined || !(values.faults || values.links || values.memory)) {
    const number = Number(values.kills ?? 200);
    const result = await killAll({ number, seed: Number(values.seed), names, say });
    wrong.push(...result.wrong);
    for (const [place, n] of Object.entries(result.places).sort(([, a], [, b]) => b - a))
      console.log(`  ${n} killed after ${place}`);
    console.log(killsLine(result, number));
  }
  for (const line of wrong) console.error(line);
  process.exitCode = wrong.length > 0 ? 1 : 0;
}
