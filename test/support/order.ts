// The order of the files: long ones first, so that no long file is left to one worker at the end.
import { BaseSequencer, type TestSpecification } from "vitest/node";

const longest: readonly string[] = [
  "test/e2e/train-mnist",
  "test/e2e/processes",
  "test/e2e/train",
  "test/e2e/train-resume",
  "packages/library/train/test/distributed/ranks",
  "test/docs/blocks",
  "packages/library/train/test/learns",
  "packages/app/experiment/test/learns-images",
  "test/examples/examples",
  "packages/engine/torch/test/distributed",
  "test/e2e/sweep",
  "packages/engine/torch/test/fuzz",
  "test/e2e/fit",
  "test/e2e/test-command",
  "test/install/install",
  "test/e2e/sample-library",
  "test/check/studio",
  "test/e2e/resume",
  "test/e2e/faults",
  "packages/engine/torch/test/load",
  "test/e2e/train-tables",
  "test/e2e/evaluate",
  "test/e2e/errors",
  "packages/library/nets/test/image-networks",
].map((name) => `/${name}.test.ts`);

/**
 * Files that share a process follow each other; among them the longest first, the others in
 * vitest's order: in a clone, larger files first.
 */
export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const isolated = ({ project }: TestSpecification) => Number(project.config.isolate);
    const place = ({ moduleId }: TestSpecification) => {
      const at = longest.findIndex((name) => moduleId.endsWith(name));
      return at < 0 ? longest.length : at;
    };
    const sorted = await super.sort(files);
    return sorted.sort((a, b) => isolated(a) - isolated(b) || place(a) - place(b));
  }
}
