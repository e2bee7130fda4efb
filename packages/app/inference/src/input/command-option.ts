// Names of options in errors of commands: options of training have a group there.

/** The name in a command's `config` of an option `data.…` of training, which has no group there; null without one. */
export const commandOption =
  (config: object) =>
  (key: string): string | null => {
    const name = key.replace(/^data\./, "");
    return name in config ? name : null;
  };
