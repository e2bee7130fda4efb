// As much of Node's async_hooks as the library needs: a page runs one program, whose first value stays.

/** A value for the tasks of a page. */
export class AsyncLocalStorage<T> {
  #value: T | undefined;

  /** Runs a task; its value stays for what follows. */
  run<R>(value: T, task: () => R): R {
    this.#value = value;
    return task();
  }

  /** The value of the last task. */
  getStore(): T | undefined {
    return this.#value;
  }
}
