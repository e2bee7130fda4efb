// The order of the files: those of many seconds first, so that no long one is left to one worker at the end.
import { BaseSequencer, type TestSpecification } from "vitest/node";

const longest: readonly string[] = [
  ...["test/e2e/train-mnist", "test/e2e/train-resume", "test/e2e/processes", "test/e2e/train"],
  ...["packages/train/test/distributed/ranks", "packages/train/test/learns", "test/docs/blocks"],
  ...["packages/cli/test/learns-images", "test/e2e/sweep-launchers", "test/examples/examples"],
  ...["test/e2e/train-conditions", "packages/torch/test/distributed", "test/e2e/test-command"],
  ...["test/e2e/fit", "packages/torch/test/fuzz", "packages/torch/test/load", "test/e2e/resume"],
  ...["test/install/install", "test/check/studio", "test/e2e/sample-library", "test/e2e/sweep"],
  ...["test/e2e/train-tables", "test/e2e/train-errors", "test/e2e/faults", "test/e2e/evaluate"],
].map((name) => `/${name}.test.ts`);

/** The longest first; the others as vitest has them: of a clone, those of more text first. */
export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const place = ({ moduleId }: TestSpecification) => {
      const at = longest.findIndex((name) => moduleId.endsWith(name));
      return at < 0 ? longest.length : at;
    };
    const sorted = await super.sort(files);
    return sorted.sort((a, b) => place(a) - place(b));
  }
}
