// TensorBoard's event files, read by a reader of its own, and what a crash leaves of them.
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import sharp from "sharp";
import { describe, expect, it } from "vitest";
import { crc32c, maskedCrc32c, tensorboardLogger } from "../../src/logger/tensorboard.js";
import { kill, scratch, startScript } from "../support.js";
import { eventFiles, readEvent, readRecords, shownScalars } from "./events.js";

const place = (folder: string) => join(folder, "tensorboard");
const eventsOf = (folder: string) =>
  eventFiles(place(folder)).map((file) => readRecords(join(place(folder), file)).map(readEvent));

describe("crc32c", () => {
  // RFC 3720, appendix B.4, and the check value of the catalogue of checksums.
  it.each([
    ["32 zeros", new Uint8Array(32), 0x8a9136aa],
    ["32 times 0xff", new Uint8Array(32).fill(255), 0x62a8ab43],
    ["0 to 31", Uint8Array.from({ length: 32 }, (_, i) => i), 0x46dd794e],
    ["the digits 1 to 9", Buffer.from("123456789"), 0xe3069283],
    ["nothing", new Uint8Array(), 0],
  ])("of %s", (_, bytes, want) => expect(crc32c(bytes)).toBe(want));

  it("is masked by a rotation and a constant", () => {
    const crc = 0xe3069283;
    const rotated = Number(((BigInt(crc) >> 15n) | (BigInt(crc) << 17n)) & 0xffffffffn);
    expect(maskedCrc32c(Buffer.from("123456789"))).toBe((rotated + 0xa282ead8) % 2 ** 32);
  });
});

describe("events", () => {
  it("begin with the version, then hold numbers in single precision with step and time", () => {
    const folder = scratch();
    const before = Date.now() / 1000;
    const logger = tensorboardLogger(folder, 0);
    logger.log(3, { "b/train/loss": 0.1, "b/train/größe": -2 });
    logger.log(2 ** 53 - 1, { "b/train/loss": Number.NaN, x: -Infinity });
    logger.close();
    const [events = []] = eventsOf(folder);
    expect(events.map(({ file_version, step }) => [file_version, step])).toEqual([
      ["brain.Event:2", 0],
      [undefined, 3],
      [undefined, 2 ** 53 - 1],
    ]);
    expect(events[1]?.scalars).toEqual({ "b/train/loss": Math.fround(0.1), "b/train/größe": -2 });
    expect(events[2]?.scalars).toEqual({ "b/train/loss": Number.NaN, x: -Infinity });
    for (const { wall_time } of events) expect(wall_time).toBeGreaterThanOrEqual(before);
  });

  it("hold images with their size and channels", async () => {
    const folder = scratch();
    const background = { r: 9, g: 8, b: 7, alpha: 0.5 };
    const picture = (channels: 3 | 4) =>
      sharp({ create: { width: 5, height: 300, channels, background } });
    const rgb = await picture(3).png().toBuffer();
    const rgba = await picture(4).png().toBuffer();
    const grey = await picture(3).toColourspace("b-w").png().toBuffer();
    const logger = tensorboardLogger(folder, 0);
    logger.images(7, { "b/test/end": rgb, "b/test/start": rgba, grey });
    logger.close();
    const [, pictures, ...rest] = eventsOf(folder)[0] ?? [];
    expect(rest).toEqual([]);
    const size = { width: 5, height: 300 };
    expect(pictures?.images).toEqual({
      "b/test/end": { ...size, colorspace: 3, png: rgb },
      "b/test/start": { ...size, colorspace: 4, png: rgba },
      grey: { ...size, colorspace: 1, png: grey },
    });
  });
});

describe("files", () => {
  it("are named by time alone, and start with a START event if they replace earlier files", () => {
    const folder = scratch();
    const session = (from: number) => {
      const logger = tensorboardLogger(folder, from);
      logger.log(from, { loss: from });
      logger.close();
    };
    session(0);
    const other = join(place(folder), "events.out.tfevents.1234567890.another.host");
    writeFileSync(other, "theirs");
    session(40);
    const ours = readdirSync(place(folder)).filter((name) => name.endsWith(".dsbm"));
    expect(ours).toEqual(Array(2).fill(expect.stringMatching(/^events\.out\.tfevents\.\d{10}\./)));
    const starts = ours.flatMap((file) =>
      readRecords(join(place(folder), file))
        .map(readEvent)
        .filter((event) => event.session_status !== undefined)
        .map(({ session_status, step }) => [session_status, step]),
    );
    expect(starts).toEqual([[1, 40]]);
    session(0);
    expect(readFileSync(other, "utf8")).toBe("theirs");
    expect(readdirSync(place(folder))).toHaveLength(2);
  });

  it("hold what was logged when the process is killed", async () => {
    const run = scratch();
    const child = await startScript(
      `import { tensorboardLogger } from "./runs/logger/tensorboard.js";
       const logger = tensorboardLogger(process.argv[2], 1);
       for (let step = 1; step <= 500; step++) logger.log(step, { loss: step / 4 });
       console.log("logged");
       setInterval(() => logger.log(501, { later: 1 }), 1);`,
      run,
    );
    await kill(child);
    tensorboardLogger(run, 501).close();
    const points = shownScalars(place(run), "loss");
    expect(points).toEqual(Array.from({ length: 500 }, (_, k) => [k + 1, (k + 1) / 4]));
    expect(shownScalars(place(run), "later")).toEqual([]);
  });
});
