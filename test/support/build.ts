// Before the first test: the commands that tests run are compiled, whoever started vitest.
import { setup } from "../../scripts/setup.mjs";

export default () => setup({ only: ["typescript", "bundles"] });
