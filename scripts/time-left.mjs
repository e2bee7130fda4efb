// The one estimate of time left for tasks that run one after the other: `npm start`, `npm run bench` and `npm run gallery`.

/** Seconds until all `tasks` are done, from their planned `seconds` and from the pace of this machine. */
export class TimeLeft {
  #tasks;
  #now;
  #began;
  #planned = 0;
  #taken = 0;

  constructor(tasks, now = () => performance.now() / 1000) {
    this.#tasks = tasks;
    this.#now = now;
    this.#began = now();
  }

  /** Says that a task begins. */
  begin() {
    this.#began = this.#now();
  }

  /** Says that a task has ended. */
  end({ seconds }) {
    this.#planned += seconds;
    this.#taken += this.#now() - this.#began;
  }

  /** Seconds from now, in the middle of `task`. `own`: the estimate of the task itself, at least. */
  of(task, own = 0) {
    const pace = this.#planned > 0 ? this.#taken / this.#planned : 1;
    const later = this.#tasks.slice(this.#tasks.indexOf(task) + 1);
    const rest = pace * task.seconds - (this.#now() - this.#began);
    return Math.max(rest, own, 0) + later.reduce((sum, { seconds }) => sum + pace * seconds, 0);
  }
}
