// The order of the files: long ones first, so that no long file is left to one worker at the end.
import { BaseSequencer, type TestSpecification } from "vitest/node";

const longestFiles: readonly string[] = [
  "test/docs/blocks",
  "packages/library/train/test/distributed/ranks",
  "test/e2e/train",
  "test/e2e/processes",
  "test/e2e/growth",
  "test/e2e/sweep",
  "test/examples/examples",
  "test/e2e/train-resume",
  "test/e2e/export-samples",
  "packages/library/train/test/learns",
  "test/install/install",
  "test/e2e/fit",
  "test/e2e/printed-commands",
  "packages/engine/torch/test/distributed",
  "test/e2e/faults",
  "packages/library/train/test/resume",
  "packages/app/experiment/test/learns-images",
  "test/e2e/test-command",
  "test/e2e/errors",
  "packages/app/evaluation/test/inception",
  "packages/library/nets/test/image-networks",
  "packages/engine/torch/test/nn/kernels",
  "test/check/studio-work",
  "test/check/studio",
  "test/e2e/hosts",
].map((name) => `/${name}.test.ts`);

/**
 * The files of a project follow each other, since they share processes; among them the longest
 * first, the others in vitest's order: in a clone, larger files first.
 */
export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const projects = [...new Set(files.map(({ project }) => project.name))].sort().reverse();
    const group = ({ project }: TestSpecification) => projects.indexOf(project.name);
    const place = ({ moduleId }: TestSpecification) => {
      const at = longestFiles.findIndex((name) => moduleId.endsWith(name));
      return at < 0 ? longestFiles.length : at;
    };
    const sorted = await super.sort(files);
    return sorted.sort((a, b) => group(a) - group(b) || place(a) - place(b));
  }
}
