// Writes what a file of tests ran before vitest ends its process, for `npm run check:coverage`.
import { takeCoverage } from "node:v8";
import { afterAll } from "vitest";

afterAll(() => takeCoverage());
