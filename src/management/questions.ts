import type { TimerTable } from '../base/machine.ts';
import { after, type Instant } from '../base/units.ts';
import type { DaemonPort, DaemonReply, DaemonRequest } from '../model/daemon-port.ts';
import { error, type Outcome } from './command.ts';
import type { Connection } from './connection.ts';
import type { ReplyLine } from './outlet.ts';
import { LIMITS } from './server-options.ts';

/** How long a connection waits for the daemon's answer, by its id. */
export type AnswerTimer = `answer:${number}`;

/** What questions to the daemon need of the server around them. */
export interface QuestionParts {
  readonly port: DaemonPort;
  readonly timers: Pick<TimerTable<AnswerTimer>, 'set' | 'clear'>;
  readonly isThere: (connection: Connection) => boolean;
  /** Does something behind what is to be done already. */
  readonly later: (step: () => void) => void;
  /** The reply to the command that asked; the next one may run. */
  readonly answered: (connection: Connection, lines: Iterable<ReplyLine>) => void;
  /** Something has come that no call caused. */
  readonly onOutput: () => void;
}

/** Questions to the daemon: one of a connection at a time, each with an answer in the end. */
export class Questions {
  readonly #parts: QuestionParts;

  constructor(parts: QuestionParts) {
    this.#parts = parts;
  }

  /** Asks for a command. */
  ask(connection: Connection, { request, answer: linesOf }: Extract<Outcome, { kind: 'ask' }>, at: Instant): void {
    const question = ++connection.questions;
    connection.asking = true;
    this.#parts.timers.set(`answer:${connection.id}`, after(at, LIMITS.answerTimeout));
    this.request(request, connection, (answer) => {
      // What the daemon did on the way comes before it; after a time-out the answer to an earlier question may still come.
      this.#parts.later(() => this.#answered(connection, question, linesOf(answer)));
    });
  }

  /** Asks for something else; the first answer counts, unless the connection has gone. */
  request(request: DaemonRequest, connection: Connection, use: (answer: DaemonReply) => void): void {
    let answered = false;
    this.#parts.port.request(request, (answer) => {
      if (answered || !this.#parts.isThere(connection)) return;
      answered = true;
      use(answer);
      this.#parts.onOutput();
    });
  }

  /** The daemon took too long. */
  handleTimeout(connection: Connection): void {
    this.#answered(connection, connection.questions, [error('the daemon did not answer in time')]);
  }

  #answered(connection: Connection, question: number, lines: Iterable<ReplyLine>): void {
    if (!connection.asking || connection.questions !== question || !this.#parts.isThere(connection)) return;
    connection.asking = false;
    this.#parts.timers.clear(`answer:${connection.id}`);
    this.#parts.answered(connection, lines);
  }
}
