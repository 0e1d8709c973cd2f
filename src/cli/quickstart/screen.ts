/** Where a quickstart shows itself. */
export interface Screen {
  /** Text that stays. */
  print(lines: readonly string[]): void;
  /** One moment: a terminal shows `frame` in place of the last one, anything else gets `line`. */
  show(frame: readonly string[], line: string): void;
}

/** What is needed of an output stream. */
export interface Output {
  write(text: string): unknown;
  readonly isTTY?: boolean;
  readonly columns?: number;
  readonly rows?: number;
}

/** A terminal, where each frame takes the place of the one before, or a pipe, which gets plain lines. */
export function screenOn(output: Output): Screen {
  return output.isTTY === true ? new Terminal(output) : new Lines(output);
}

class Lines implements Screen {
  readonly #output: Output;

  constructor(output: Output) {
    this.#output = output;
  }

  print(lines: readonly string[]): void {
    this.#output.write(`${lines.join('\n')}\n`);
  }

  show(_frame: readonly string[], line: string): void {
    this.#output.write(`${line}\n`);
  }
}

class Terminal implements Screen {
  readonly #output: Output;
  /** Lines of the frame that stands. */
  #height = 0;

  constructor(output: Output) {
    this.#output = output;
  }

  print(lines: readonly string[]): void {
    this.#output.write(`${this.#erase()}${lines.join('\n')}\n`);
    this.#height = 0;
  }

  show(frame: readonly string[]): void {
    // A terminal that does not know its size says 0. A line that wraps or a frame that scrolls could not be erased.
    const columns = this.#output.columns || 80;
    const rows = this.#output.rows || 24;
    const lines = frame.slice(0, rows - 1).map((line) => line.slice(0, columns - 1));
    this.#output.write(`${this.#erase()}${lines.join('\n')}\n`);
    this.#height = lines.length;
  }

  /** To the frame's first line, then everything below goes. */
  #erase(): string {
    return this.#height === 0 ? '' : `\x1b[${this.#height}A\x1b[J`;
  }
}
