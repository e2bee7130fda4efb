import type { TrainEvent, Training } from "@dsbm/train";

export type Next = "train" | "end" | "interrupted";

/** Work of rank 0 alone: it evaluates, writes and shows. */
export interface MainWork {
  begin(): Promise<Next>;
  follow(event: TrainEvent): Promise<Next>;
  end(): Promise<Next>;
}

/** `main` is null on the other ranks. Returns `interrupted` there if rank 0 has left. */
export async function runCourse(
  training: Training,
  main: MainWork | null,
  control: Parameters<Training["run"]>[0],
): Promise<Next> {
  const onMain = async (work: (main: MainWork) => Promise<Next>): Promise<Next> =>
    (await training.onMain(() => work(main as MainWork))) ?? "interrupted";
  let next = await onMain((main) => main.begin());
  if (next === "train")
    for await (const event of training.run(control)) {
      if (event.type === "pause" || event.type === "half")
        next = await onMain((main) => main.follow(event));
      else if (main) next = await main.follow(event);
      else if (event.type === "stopped") next = "interrupted";
      if (next !== "train") break;
    }
  return next === "interrupted" ? next : onMain((main) => main.end());
}
