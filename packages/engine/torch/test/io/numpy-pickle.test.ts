// Pickles of plain data and NumPy arrays of bytes: these are read, and nothing else.
import { describe, expect, it } from "vitest";
import { io } from "../../src/index.js";

const pickle = (program: string, protocol = 2) =>
  Buffer.concat([Buffer.from([0x80, protocol]), Buffer.from(program, "latin1")]);

describe("unpickleBytes", () => {
  it("reads what Python 3 and NumPy 2 write", () => {
    // pickle.dumps({b"data": numpy.arange(12, dtype="uint8").reshape(2, 6), b"labels": [1, 2]}, 3)
    const bytes = Buffer.from(
      "gAN9cQAoQwRkYXRhcQFjbnVtcHkuX2NvcmUubXVsdGlhcnJheQpfcmVjb25zdHJ1Y3QKcQJjbnVtcHkKbmRhcnJheQpxA0sAhXEEQwFicQWHcQZScQcoSwFLAksGhnEIY251bXB5CmR0eXBlCnEJWAIAAAB1MXEKiYiHcQtScQwoSwNYAQAAAHxxDU5OTkr/////Sv////9LAHRxDmKJQwwAAQIDBAUGBwgJCgtxD3RxEGJDBmxhYmVsc3ERXXESKEsBSwJldS4=",
      "base64",
    );
    const value = io.unpickleBytes(bytes, "p") as Map<string, unknown>;
    expect([...value.keys()]).toEqual(["data", "labels"]);
    expect(value.get("labels")).toEqual([1, 2]);
    const { shape, data } = value.get("data") as io.ByteArray;
    expect(shape).toEqual([2, 6]);
    expect([...data]).toEqual(Array.from({ length: 12 }, (_, i) => i));
  });

  it("reads the byte strings of Python 2", () => {
    expect(io.unpickleBytes(pickle("U\x02ab."), "p")).toEqual(new Uint8Array([97, 98]));
    expect(io.unpickleBytes(pickle("T\x01\0\0\0\xe9."), "p")).toEqual(new Uint8Array([0xe9]));
  });

  it.each([
    ["another function", "cos\nsystem\nU\x02ls\x85R.", /names os\.system, which is refused/],
    ["another kind of array", "cnumpy\ndtype\nU\x02O8K\x00K\x01\x87R.", /other than an array/],
    ["a class as a function", "cnumpy\nndarray\n)R.", /calls what is no function/],
    ["a state of no array", "}U\x01ab.", /sets attributes of an object/],
    ["something outside of it", ")Q.", /refers to something outside of it/],
  ])("refuses %s", (_, program, message) => {
    expect(() => io.unpickleBytes(pickle(program), "p")).toThrow(
      expect.objectContaining({ name: "TorchError" }),
    );
    expect(() => io.unpickleBytes(pickle(program), "p")).toThrow(message);
  });
});
