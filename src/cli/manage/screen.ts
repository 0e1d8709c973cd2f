import { clearScreenDown, cursorTo, type Interface, moveCursor } from 'node:readline';
import { Writable } from 'node:stream';

/**
 * The output of a line editor, where other text can be written above the line that is being typed. Secrets are typed on it with
 * nothing of what the editor draws.
 */
export class Screen extends Writable {
  readonly #output: Writable;
  #editor: Interface | undefined;
  #waiting: string[] = [];
  #flush: NodeJS.Immediate | undefined;
  #hidden: string | undefined;
  #closed = false;

  constructor(output: Writable) {
    super({ decodeStrings: false });
    this.#output = output;
    output.on('resize', () => this.emit('resize'));
  }

  /** How wide it is, for the editor. */
  get columns(): number | undefined {
    return 'columns' in this.#output && typeof this.#output.columns === 'number' ? this.#output.columns : undefined;
  }

  /** Whose line is drawn again. */
  drawFor(editor: Interface): void {
    this.#editor = editor;
  }

  /** Writes lines above the line that is being typed; those of one turn at once. */
  print(text: string): void {
    if (text === '') return;
    this.#waiting.push(text);
    this.#flush ??= setImmediate(() => this.#drain());
  }

  /** From now on nothing that the editor draws is seen; `label` stands instead. */
  hide(label: string): void {
    this.#drain();
    this.#above('');
    this.#hidden = label;
    this.#output.write(label);
  }

  /** The editor's line is seen again, from the next one on. */
  reveal(): void {
    if (this.#hidden !== undefined) this.#output.write('\n');
    this.#hidden = undefined;
  }

  /** Writes what waits; the line that is being typed stays behind as it is when there is nothing to write above it. */
  close(): void {
    this.#drain(true);
    this.#closed = true;
    if (this.#flush !== undefined) clearImmediate(this.#flush);
  }

  override _write(chunk: string, _encoding: BufferEncoding, done: () => void): void {
    if (this.#hidden === undefined) this.#output.write(chunk);
    done();
  }

  #drain(last = false): void {
    if (this.#flush !== undefined) clearImmediate(this.#flush);
    this.#flush = undefined;
    const text = this.#waiting.join('');
    this.#waiting = [];
    if (this.#closed) return;
    if (last) {
      this.#output.write(text === '' ? '\n' : `\r\x1b[J${text}`);
      return;
    }
    if (text !== '') this.#above(text);
  }

  #above(text: string): void {
    const editor = this.#editor;
    if (this.#hidden !== undefined) {
      this.#output.write(`\r\x1b[J${text}${this.#hidden}`);
      return;
    }
    if (editor === undefined) {
      this.#output.write(text);
      return;
    }
    const { rows } = editor.getCursorPos();
    if (rows > 0) moveCursor(this.#output, 0, -rows);
    cursorTo(this.#output, 0);
    clearScreenDown(this.#output);
    if (text === '') return;
    this.#output.write(text);
    // Before it draws, the editor goes up by the rows that its line had when it drew it last: they are above by now.
    Reflect.set(editor, 'prevRows', 0);
    editor.prompt(true);
  }
}
