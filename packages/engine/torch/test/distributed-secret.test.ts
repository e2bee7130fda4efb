// Ranks that share a secret: what they exchange arrives, and whoever does not know it neither hangs, stops nor fills them.
import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { chmodSync, readdirSync, writeFileSync } from "node:fs";
import { connect, createServer, type Server, type Socket } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { twoHosts } from "../../../../test/support/hosts.mjs";
import { freePort, rankOn, ranks } from "../../../../test/support/ranks.js";
import { scratch } from "../../../../test/support/scratch.js";
import { readSecret } from "../src/distributed/secret.js";
import { Tunnel } from "../src/distributed/tunnel.js";
import { external, program, wentWell } from "./distributed-support.js";

const secret = "a secret of more than sixteen bytes";
const own = { secret: Buffer.from(secret), run: "test" };

const folder = scratch();

const until = async (isSo: () => boolean) => {
  while (!isSo()) await new Promise((next) => setTimeout(next, 5));
};

describe("a secret", () => {
  const written = (name: string, text: string, mode = 0o600) => {
    const path = join(folder, name);
    writeFileSync(path, text);
    chmodSync(path, mode);
    return path;
  };

  it("is the text of a private file without the end of its line", () => {
    expect(readSecret(written("good", `${secret}\r\n`))?.toString()).toBe(secret);
    expect(readSecret()).toBeNull();
  });

  it.each([
    ["15 bytes", "0123456789abcde\n", 0o600, /has 15 bytes: expected at least 16, such as openssl/],
    ["a group", secret, 0o640, /is not yours alone: make it so by chmod 600/],
    ["everybody", secret, 0o604, /is not yours alone/],
    ["70,000 bytes", "x".repeat(70_000), 0o600, /is no file of at most 65536 bytes/],
  ])("of %s is refused", (_, text, mode, message) => {
    expect(() => readSecret(written("bad", text, mode))).toThrow(message);
  });

  it("is no folder, no device and not missing", () => {
    for (const path of [folder, "/dev/zero"]) expect(() => readSecret(path)).toThrow(/is no file/);
    expect(() => readSecret(join(folder, "none"))).toThrow(/none cannot be read/);
  });
});

describe.runIf(process.platform === "linux")("a tunnel", () => {
  let first: Tunnel;
  let second: Tunnel;
  let echo: Server;
  let to: { rank: number; host: string; port: number };
  const from: (string | undefined)[] = [];
  beforeAll(async () => {
    first = new Tunnel(0, 3, own);
    second = new Tunnel(1, 3, own);
    echo = createServer((socket) => {
      from.push(socket.remoteAddress);
      socket.on("error", () => {}).pipe(socket);
    }).listen(0, first.address);
    await once(echo, "listening");
    await first.allow((echo.address() as { port: number }).port, { asStore: true });
    const port = await first.listen("127.0.0.1", 0);
    to = { rank: 0, host: "127.0.0.1", port };
  });
  afterAll(() => {
    first.close();
    second.close();
    echo.close();
  });

  const strangers: Socket[] = [];
  const stranger = async () => {
    const socket = connect(to.port, "127.0.0.1")
      .on("error", () => {})
      .resume();
    strangers.push(socket);
    await once(socket, "connect");
    return socket;
  };
  afterAll(() => {
    for (const socket of strangers) socket.destroy();
  });

  /** A megabyte there and back. */
  const works = async () => {
    const way = await second.forward(second.address, 0, to, 0);
    const socket = connect(way, second.address);
    const sent = Buffer.from(Array.from({ length: 1 << 20 }, (_, i) => (7 * i) >> 3));
    const came: Buffer[] = [];
    let length = 0;
    socket.on("data", (bytes) => {
      came.push(bytes);
      length += bytes.length;
    });
    socket.write(sent);
    await until(() => length >= sent.length || socket.destroyed);
    expect(Buffer.concat(came).equals(sent)).toBe(true);
    socket.destroy();
  };

  it("gives each rank an address of the loopback, other ones in another run", () => {
    expect(first.address).toMatch(/^127\.\d+\.\d+\.\d+$/);
    expect(second.addressOf(0)).toBe(first.address);
    expect(second.address).not.toBe(first.address);
    const other = new Tunnel(0, 3, { ...own, run: "other" });
    expect(other.address).not.toBe(first.address);
    other.close();
  });

  it("leads bytes to the other rank, which sees from whom they come", async () => {
    expect(await second.reach(to, Date.now() + 5000)).toBe("127.0.0.1");
    await works();
    expect(from.at(-1)).toBe(second.address);
  });

  it("leads to no port that the rank did not allow", async () => {
    const other = createServer((socket) => socket.end("reached")).listen(0, first.address);
    await once(other, "listening");
    const { port } = other.address() as { port: number };
    const way = await second.forward(second.address, 0, to, port);
    const socket = connect(way, second.address).on("error", () => {});
    let got = "";
    socket.on("data", (text) => {
      got += text;
    });
    await once(socket, "close");
    expect(got).toBe("");
    other.close();
  });

  it("refuses a wrong secret and what is meant for another rank, and counts them", async () => {
    const before = first.refused;
    const wrong = new Tunnel(1, 3, { ...own, secret: Buffer.alloc(16) });
    await expect(wrong.reach(to, Date.now() + 5000)).rejects.toThrow(
      /rank 0 at 127\.0\.0\.1:\d+ has another secret than rank 1, or none/,
    );
    wrong.close();
    await expect(second.reach({ ...to, rank: 2 }, Date.now() + 5000)).rejects.toThrow(/another/);
    const none = { ...to, port: await freePort() };
    await expect(second.reach(none, Date.now() + 100)).rejects.toThrow(/ECONNREFUSED.*started/);
    await until(() => first.refused >= before + 2);
  });

  it("trusts no certificate, whoever signed it", async () => {
    const [key, cert] = ["key.pem", "cert.pem"].map((name) => join(folder, name));
    const named = ["-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1"];
    const made = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", ...named];
    execFileSync("openssl", [...made, "-keyout", key, "-out", cert], { stdio: "ignore" });
    // One authority more for this process, as a machine has many.
    const env = { ...process.env, NODE_EXTRA_CA_CERTS: cert };
    const source = `
      import { readFileSync } from "node:fs";
      import { createServer } from "node:tls";
      import { Tunnel } from ${JSON.stringify(new URL("../dist/distributed/tunnel.js", import.meta.url).href)};
      const [key, cert] = ${JSON.stringify([key, cert])}.map((path) => readFileSync(path));
      const server = createServer({ key, cert }).listen(0, "127.0.0.1", async () => {
        const tunnel = new Tunnel(1, 2, { secret: Buffer.alloc(32), run: "" });
        const to = { rank: 0, host: "127.0.0.1", port: server.address().port };
        console.log(await tunnel.reach(to, Date.now() + 5000).catch(({ message }) => message));
        process.exit();
      });`;
    const words = ["--input-type=module", "-e", source];
    const said = execFileSync(process.execPath, words, { env, encoding: "utf8" });
    expect(said).toMatch(/^rank 0 at .* has another secret than rank 1, or none: .*CERT/);
  });

  it("goes on while strangers say nothing, half a message, garbage, false lengths, and are many", async () => {
    await stranger();
    // The head of a record of TLS, and half of a greeting.
    (await stranger()).write(Buffer.of(22, 3, 1, 2));
    (await stranger()).write(Buffer.of(22, 3, 1, 0, 200, 1, 0, 0, 196, 3, 3));
    for (let i = 0; i < 20; i++)
      (await stranger()).write(Buffer.from(Array.from({ length: 3000 }, (_, j) => (i * j) & 255)));
    await works();
    const before = process.memoryUsage().rss;
    // Descriptors of this process that are not those of the strangers.
    const held = () =>
      readdirSync("/proc/self/fd").length - strangers.filter(({ destroyed }) => !destroyed).length;
    const others = held();
    // A record of 65,535 bytes, and a greeting of 16 MB, the most that its length can say; the store's 4 GiB.
    const greeting = await stranger();
    greeting.write(Buffer.of(22, 3, 1, 64, 0, 1, 255, 255, 255));
    const claims = [
      [22, 3, 1, 255, 255],
      [1, 0, 0, 0, 0, 1, 0, 0, 0],
    ];
    for (const claim of claims) (await stranger()).write(Buffer.from(claim));
    const chunk = Buffer.alloc(1 << 20);
    for (let i = 0; i < 64; i++) greeting.write(chunk);
    await until(() => greeting.destroyed);
    for (let i = 0; i < 200; i++) await stranger();
    await works();
    expect(held() - others).toBeLessThan(64 + 20);
    expect(process.memoryUsage().rss - before).toBeLessThan(200e6);
  });
});

const joined = { scenario: "joined", timeoutMs: 20_000, joinTimeoutMs: 15_000 };
const variables = (address: string, port: number) => ({
  MASTER_ADDR: address,
  MASTER_PORT: String(port),
});

describe.runIf(external)("ranks at an open address", () => {
  const address = external as string;

  it("meet behind one port, which strangers keep busy", async () => {
    const port = await freePort();
    const sockets: Socket[] = [];
    const visit = setInterval(() => {
      const socket = connect(port, address).on("error", () => {});
      socket.write(Buffer.of(0, 1, 2)); // half a message to a store
      sockets.push(socket);
    }, 20);
    const place = { ...variables(address, port), DSBM_DIST_SECRET: secret };
    const all = await ranks(program, 2, joined, () => place);
    clearInterval(visit);
    for (const socket of sockets) socket.destroy();
    wentWell(all);
    expect(all.map(({ said }) => said.sum)).toEqual([
      [2, 2],
      [2, 2],
    ]);
  });

  it("leave a launcher's own store, which asks nobody, alone", async () => {
    const served = { TORCHELASTIC_USE_AGENT_STORE: "True", DSBM_DIST_SECRET: secret };
    // Nothing is served there.
    const place = { ...variables(address, await freePort()), ...served };
    wentWell(await ranks(program, 2, joined, () => place));
  });

  it("say in one line that their secrets differ, in time", async () => {
    const place = variables(address, await freePort());
    const options = { ...joined, joinTimeoutMs: 6000 };
    const all = await ranks(program, 2, options, (r) => ({
      ...place,
      DSBM_DIST_SECRET: `${secret}${r}`,
    }));
    expect(all.map(({ exit }) => exit)).toEqual([1, 1]);
    const [first, second] = all.map(({ said }) => said.failed);
    expect(first.error).toMatch(
      /^rank 1 of 2 did not come .*; of those who connected, 1 did not know the secret$/,
    );
    expect(second.error).toMatch(/^rank 0 at .* has another secret than rank 1, or none: give all/);
  });
});

describe("ranks of two hosts", async () => {
  const hosts = await twoHosts();
  afterAll(() => hosts?.remove());
  const play = (options: object, more: (rank: number) => object) =>
    freePort().then((port) =>
      Promise.all(
        [0, 1].map((r) =>
          rankOn(hosts.on[r])(program, options, {
            ...{ RANK: String(r), WORLD_SIZE: "2", ...variables(hosts.addresses[0], port) },
            ...more(r),
          }),
        ),
      ),
    );

  it.runIf(hosts)("exchange what they exchange without a secret, and leave whole", async () => {
    for (const scenario of ["collectives", "gradients"]) {
      const options = { ...joined, scenario };
      const [open, closed] = [
        await play(options, () => ({})),
        await play(options, () => ({ DSBM_DIST_SECRET: secret })),
      ];
      wentWell(open);
      wentWell(closed);
      for (const r of [0, 1]) expect(closed[r]?.said).toEqual(open[r]?.said);
    }
  });

  it.runIf(hosts)("wait for each other no longer than they may", async () => {
    const options = { ...joined, scenario: "late", timeoutMs: 2000 };
    const [first, second] = await play(options, () => ({ DSBM_DIST_SECRET: secret }));
    expect(first?.said.late.error).toMatch(/rank 1 did not come within 2000 ms/);
    expect(second?.said.late).toMatchObject({ class: "DistributedError" });
    expect([first?.exit, second?.exit]).toEqual([0, 0]);
  });

  it.runIf(hosts)("name the one that was killed", async () => {
    const options = { ...joined, scenario: "killed" };
    const [first, second] = await play(options, () => ({ DSBM_DIST_SECRET: secret }));
    expect(second?.exit).toBe("SIGKILL");
    expect(first?.said.first).toMatchObject({
      error: expect.stringMatching(/rank 1 is gone/),
      ranks: [1],
    });
    expect(first?.said.waited).toBeLessThan(3500);
  });
});
