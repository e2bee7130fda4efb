// The order of the files: long ones first, so that no long file is left to one worker at the end.
import { BaseSequencer, type TestSpecification } from "vitest/node";

const longest: readonly string[] = [
  "test/docs/blocks",
  "test/e2e/processes",
  "packages/library/train/test/distributed/ranks",
  "test/e2e/sweep",
  "test/e2e/train-resume",
  "test/examples/examples",
  "test/e2e/train",
  "packages/engine/torch/test/distributed",
  "packages/app/experiment/test/learns-images",
  "packages/library/train/test/learns",
  "packages/engine/torch/test/fuzz",
  "test/e2e/fit",
  "test/e2e/evaluate",
  "test/install/install",
  "test/check/studio",
  "test/check/report",
  "test/e2e/test-command",
  "test/e2e/train-mnist",
  "test/e2e/faults",
  "packages/engine/torch/test/load",
  "test/e2e/train-tables",
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
