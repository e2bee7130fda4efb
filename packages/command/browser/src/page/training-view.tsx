import { digits } from "@dsbm/files/numbers";
import { StepsLine } from "@dsbm/studio/widgets";
import type { FitMotion, FitState } from "@dsbm/web/fit";
import { type MotionView, mountMotion } from "@dsbm/web/player";
import { useEffect, useRef } from "preact/hooks";

const width = 600;
const height = 140;
const mostPoints = 600;

/** Losses so far; thinned, so that a long training stays quick to draw. */
export function withLoss(losses: readonly number[], loss: number | undefined): number[] {
  if (loss === undefined || !Number.isFinite(loss)) return [...losses];
  const all = [...losses, loss];
  return all.length > mostPoints ? all.filter((_, i) => i % 2 === 0) : all;
}

function LossCurve({ losses }: { losses: readonly number[] }) {
  const logs = losses.filter((x) => x > 0).map(Math.log);
  if (logs.length < 2) return null;
  const low = Math.min(...logs);
  const span = Math.max(...logs) - low || 1;
  const points = logs.map(
    (y, i) =>
      `${(width * i) / (logs.length - 1)},${height - 4 - ((height - 8) * (y - low)) / span}`,
  );
  return (
    <figure>
      <figcaption>Loss, on a logarithmic scale</figcaption>
      <svg
        class="curve"
        viewBox={`0 0 ${width} ${height}`}
        role="img"
        aria-label={`Loss, from ${digits(losses[0])} to ${digits(losses.at(-1))}`}
      >
        <polyline points={points.join(" ")} />
      </svg>
    </figure>
  );
}

/** Held-out rows on their way, with the newest networks. */
function Particles({ motion, ends }: { motion: FitMotion; ends: readonly [string, string] }) {
  const place = useRef<HTMLDivElement>(null);
  const view = useRef<MotionView | null>(null);
  useEffect(() => {
    view.current = mountMotion(place.current as HTMLElement, ends);
    return () => view.current?.destroy();
  }, []);
  useEffect(() => view.current?.show(motion), [motion]);
  return <div ref={place} />;
}

interface TrainingProps {
  state: FitState | null;
  /** The newest rows on their way; null before the first. */
  motion: FitMotion | null;
  /** Names of source and target. */
  ends: readonly [string, string];
  losses: readonly number[];
  lines: readonly string[];
  /** A sentence for screen readers, every few seconds. */
  said: string;
  onStop(): void;
}

/** The training in progress: its place, its loss, its lines. */
export function TrainingView({ state, motion, ends, losses, lines, said, onStop }: TrainingProps) {
  const place = useRef<HTMLElement>(null);
  useEffect(() => place.current?.scrollIntoView(), []);
  return (
    <section aria-label="Training" ref={place}>
      <h2>Training</h2>
      <StepsLine state={state} waiting="The data are read.">
        <button type="button" onClick={onStop}>
          Stop
        </button>
      </StepsLine>
      <p class="unseen" role="status">
        {said}
      </p>
      {motion && <Particles motion={motion} ends={ends} />}
      <LossCurve losses={losses} />
      <details>
        <summary>{lines.at(-1) ?? "Log"}</summary>
        <pre tabIndex={0}>{lines.join("\n")}</pre>
      </details>
    </section>
  );
}
