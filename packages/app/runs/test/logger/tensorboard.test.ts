// TensorBoard's event files, read by a reader of its own, and what a crash leaves of them.
import {
  appendFileSync,
  existsSync,
  readdirSync,
  readFileSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { describe, expect, it } from "vitest";
import { crc32c, maskedCrc32c, openRecordFile } from "../../src/logger/tensorboard/record-file.js";
import { tensorboardLogger } from "../../src/logger/tensorboard.js";
import { kill, runErrorOf, scratch, startScript } from "../support.js";
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
    ["31 to 0", Uint8Array.from({ length: 32 }, (_, i) => 31 - i), 0x113fdb5c],
    ["the digits 1 to 9", Buffer.from("123456789"), 0xe3069283],
    ["nothing", new Uint8Array(), 0],
  ])("of %s", (_, bytes, want) => {
    expect(crc32c(bytes)).toBe(want);
  });

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
    const logger = tensorboardLogger(folder);
    logger.log(3, { "b/train/loss": 0.1, "b/train/rate": null, "b/train/größe": -2 });
    logger.log(2 ** 53 - 1, { "b/train/loss": Number.NaN, x: -Infinity });
    logger.log(4, { nothing: null });
    logger.close();
    const [events] = eventsOf(folder);
    expect(events).toHaveLength(3);
    expect(events?.map(({ file_version, step }) => [file_version, step])).toEqual([
      ["brain.Event:2", 0],
      [undefined, 3],
      [undefined, 2 ** 53 - 1],
    ]);
    expect(events?.[1]?.scalars).toEqual({ "b/train/loss": Math.fround(0.1), "b/train/größe": -2 });
    expect(events?.[2]?.scalars).toEqual({ "b/train/loss": Number.NaN, x: -Infinity });
    for (const { wall_time } of events ?? []) {
      expect(wall_time).toBeGreaterThanOrEqual(before);
      expect(wall_time).toBeLessThanOrEqual(Date.now() / 1000);
    }
  });

  it("hold pictures with their size and channels, and texts", async () => {
    const folder = scratch();
    const png = (channels: 3 | 4, width = 5, height = 300) =>
      sharp({ create: { width, height, channels, background: { r: 9, g: 8, b: 7, alpha: 0.5 } } })
        .png()
        .toBuffer();
    const [rgb, rgba, grey] = await Promise.all([
      png(3),
      png(4),
      sharp(await png(3))
        .toColourspace("b-w")
        .png()
        .toBuffer(),
    ]);
    const logger = tensorboardLogger(folder);
    logger.images(7, { "b/test/end": rgb, "b/test/start": rgba, grey });
    logger.images(7, {});
    logger.texts(8, { config: "a: 1\nb: „zwei“" });
    logger.texts(8, {});
    logger.close();
    const [, pictures, text, ...rest] = eventsOf(folder)[0] ?? [];
    expect(rest).toEqual([]);
    expect(pictures?.step).toBe(7);
    const size = { width: 5, height: 300 };
    expect(pictures?.images).toEqual({
      "b/test/end": { ...size, colorspace: 3, png: rgb },
      "b/test/start": { ...size, colorspace: 4, png: rgba },
      grey: { ...size, colorspace: 1, png: grey },
    });
    expect([text?.step, text?.texts]).toEqual([8, { config: "a: 1\nb: „zwei“" }]);
  });

  it("take nothing but PNG as a picture, and leave the file as it was", () => {
    const folder = scratch();
    const logger = tensorboardLogger(folder);
    for (const bytes of [
      Buffer.from("GIF89a, a picture of another kind"),
      new Uint8Array(),
      Buffer.alloc(99),
    ]) {
      const error = runErrorOf(() => logger.images(1, { end: bytes }));
      expect([error.code, error.message]).toEqual([
        "picture",
        'the picture "end" to log is not a PNG: encode it as one',
      ]);
    }
    expect(runErrorOf(() => logger.images(-1, {})).code).toBe("bad_argument");
    expect(runErrorOf(() => logger.texts(0.5, {})).code).toBe("bad_argument");
    logger.close();
    expect(eventsOf(folder)[0]).toHaveLength(1);
  });
});

describe("files", () => {
  it("are named by time alone, each after the ones before it", () => {
    const folder = scratch();
    const before = Math.floor(Date.now() / 1000);
    for (let k = 0; k < 4; k++) tensorboardLogger(folder, { from: k + 1 }).close();
    const files = readdirSync(place(folder)).sort();
    const seconds = files.map((file) =>
      Number(/^events\.out\.tfevents\.(\d{10})\.dsbm$/.exec(file)?.[1]),
    );
    expect(seconds[0]).toBeGreaterThanOrEqual(before);
    expect(seconds).toEqual([...new Set(seconds)].sort((a, b) => a - b));
    expect(files).toHaveLength(4);
    for (const file of files) expect(file.replace(".dsbm", "")).not.toContain(hostname());
  });

  it("say with a START event where they replace earlier ones", () => {
    const folder = scratch();
    const session = (from: number) => {
      const logger = tensorboardLogger(folder, { from });
      logger.log(from, { loss: from });
      logger.close();
    };
    session(0);
    session(40);
    const starts = eventsOf(folder).map((events) => {
      return events
        .filter((e) => e.session_status !== undefined)
        .map((e) => [e.session_status, e.step]);
    });
    expect(starts).toEqual([[], [[1, 40]]]);
    session(0);
    expect(eventsOf(folder)).toHaveLength(1);
    expect(shownScalars(place(folder), "loss")).toEqual([[0, 0]]);
  });

  it("of other programs stay where they are", () => {
    const folder = scratch();
    tensorboardLogger(folder).close();
    const other = join(place(folder), "events.out.tfevents.1234567890.another.host");
    writeFileSync(other, "theirs");
    tensorboardLogger(folder, { from: 0 }).close();
    expect(readFileSync(other, "utf8")).toBe("theirs");
  });

  it("are repaired where a crash cut them off, wherever that was", () => {
    const folder = scratch();
    const path = join(folder, "records");
    const open = () => openRecordFile(path);
    const sizes = [0];
    const write = open();
    for (const text of ["one", "", "three"]) {
      write.append(Buffer.from(text));
      sizes.push(readFileSync(path).length);
    }
    write.close();
    const whole = readFileSync(path);
    for (let cut = 0; cut <= whole.length; cut++) {
      writeFileSync(path, whole.subarray(0, cut));
      const file = open();
      file.append(Buffer.from("next"));
      file.close();
      const kept = sizes.filter((size) => size <= cut).length - 1;
      const texts = readRecords(path).map((bytes) => Buffer.from(bytes).toString());
      expect(texts, `cut at ${cut}`).toEqual([...["one", "", "three"].slice(0, kept), "next"]);
    }
    // What a power failure can leave: the length of the file, but zeros in it; or one bit wrong.
    for (const at of [2, 9, 13, whole.length - 2]) {
      const damaged = Buffer.from(whole);
      damaged[at]! ^= 1;
      writeFileSync(path, damaged);
      appendFileSync(path, Buffer.alloc(50));
      open().close();
      const kept = sizes.filter((size) => size <= at).length - 1;
      expect(readRecords(path), `damaged at ${at}`).toHaveLength(kept);
    }
  });

  it("of a continued run are whole, though the last one was cut", () => {
    const folder = scratch();
    const first = tensorboardLogger(folder);
    first.log(1, { loss: 1 });
    first.log(2, { loss: 2 });
    first.close();
    const [file] = eventFiles(place(folder)) as [string];
    const path = join(place(folder), file);
    truncateSync(path, readFileSync(path).length - 5);
    const second = tensorboardLogger(folder, { from: 2 });
    second.log(2, { loss: 20 });
    second.close();
    expect(shownScalars(place(folder), "loss")).toEqual([
      [1, 1],
      [2, 20],
    ]);
  });

  it("hold what was logged when the process is killed", async () => {
    const run = scratch();
    const child = await startScript(
      `import { tensorboardLogger } from "./runs/logger/tensorboard.js";
       const logger = tensorboardLogger(process.argv[2]);
       for (let step = 1; step <= 500; step++) logger.log(step, { loss: step / 4 });
       console.log("logged");
       setInterval(() => logger.log(501, { later: 1 }), 1);`,
      run,
    );
    await kill(child);
    const logger = tensorboardLogger(run, { from: 501 });
    logger.close();
    const points = shownScalars(place(run), "loss");
    expect(points).toEqual(Array.from({ length: 500 }, (_, k) => [k + 1, (k + 1) / 4]));
    expect(shownScalars(place(run), "later")).toEqual([]);
  });

  it("close for good, and a folder in the way is an error of one line", () => {
    const folder = scratch();
    const logger = tensorboardLogger(folder);
    logger.close();
    expect(runErrorOf(() => logger.log(1, { loss: 1 })).code).toBe("closed");
    expect(runErrorOf(() => logger.flush()).code).toBe("closed");
    const blocked = scratch();
    writeFileSync(join(blocked, "tensorboard"), "");
    const error = runErrorOf(() => tensorboardLogger(blocked));
    expect(error.message).toMatch(/^cannot make the folder .*tensorboard: [^\n]+$/);
    expect(existsSync(join(blocked, "tensorboard"))).toBe(true);
  });
});
