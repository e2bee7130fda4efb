// Networks of the configuration and of the library are the same.
import { networkNames, takesVectors } from "@dsbm/config";
import { networks } from "@dsbm/nets";
import { expect, it } from "vitest";

it("the configuration and the library have the same networks, for the same kind of samples", () => {
  const kinds = Object.entries(networks).map(([name, { takes }]) => [name, takes === "vectors"]);
  const configured = Object.keys(networkNames).map((name) => [name, takesVectors({ name })]);
  expect(Object.fromEntries(configured)).toEqual(Object.fromEntries(kinds));
});
