/** What a command does with the words after its name: gives the exit code, throws `TunnelscopeError` for what the user can mend. */
export type CommandMain = (argv: readonly string[]) => Promise<number>;

/** One command of the program. Its module is loaded only when it is called. */
export interface Command {
  /** One line, for the list of commands. */
  readonly summary: string;
  /** How it is called and what its options mean; printed by `--help`. */
  readonly usage: string;
  readonly load: () => Promise<CommandMain>;
}
