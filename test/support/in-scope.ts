// Tests of tensors: tensors of a test are freed at its end.
import { tidy } from "@dsbm/torch";
import { it as plain, type TestAPI } from "vitest";

/** A synchronous body runs in a scope; an asynchronous one, and whatever is no function, stays as it is. */
const inScope = (part: unknown): unknown =>
  typeof part === "function" && part.constructor.name !== "AsyncFunction"
    ? (...args: unknown[]) => tidy(() => part(...args))
    : part;

type Call = (...parts: unknown[]) => unknown;
const withScopes =
  (call: unknown): Call =>
  (...parts) =>
    (call as Call)(...parts.map(inScope));

/** Vitest's `it` whose synchronous tests run in a scope of the engine. */
export const it = Object.assign(withScopes(plain), {
  each: (...table: unknown[]) => withScopes((plain.each as Call)(...table)),
}) as unknown as {
  (name: string, body: () => unknown, timeout?: number): void;
  each: TestAPI["each"];
};
