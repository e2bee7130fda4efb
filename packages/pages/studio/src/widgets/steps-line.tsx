import type { ComponentChildren } from "preact";

/** How far a training is. */
interface ShownSteps {
  label: string;
  step: number;
  steps?: number | null | undefined;
  /** Seconds left. */
  left?: number | null | undefined;
}

const secondsText = (seconds: number): string =>
  seconds < 90 ? `${Math.round(seconds)} s` : `${Math.round(seconds / 60)} min`;

/** A state as a sentence. */
export const stateText = ({ label, step, steps, left }: ShownSteps): string =>
  `${label}, step ${step}${steps ? ` of ${steps}` : ""}${left ? `, ${secondsText(left)} left` : ""}`;

/** The bar of a training, its state as a sentence, and its buttons. */
export const StepsLine = ({
  state,
  waiting,
  children,
}: {
  state: ShownSteps | null;
  /** What is said before the first step. */
  waiting: string;
  children?: ComponentChildren;
}) => (
  <div class="row">
    <progress aria-label="Steps" {...(state?.steps && { value: state.step, max: state.steps })} />
    <span aria-hidden="true">{state ? stateText(state) : waiting}</span>
    {children}
  </div>
);
