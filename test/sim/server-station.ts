import type { DaemonEvent } from '../../src/model/daemon-port.ts';
import { EnvList } from '../../src/model/env-list.ts';
import { hostRoute } from '../../src/engine/inner-owners.ts';
import { Numbers } from '../../src/engine/numbers.ts';
import { ServerEngine } from '../../src/engine/server.ts';
import type { ServerSettings } from '../../src/engine/settings.ts';
import type { Answer, Question } from '../../src/engine/types.ts';
import type { TlsCommand } from '../../src/protocol/tls.ts';
import { Station, type StationConfig, type StationMachine } from './station.ts';

/** A server in a simulation. */
export class ServerStation extends Station {
  readonly engine: ServerEngine;
  readonly events: DaemonEvent[] = [];
  readonly questions: Question[] = [];
  /** How questions are answered, and after how many milliseconds; undefined never. */
  answer: (question: Question) => { readonly answer: Answer; readonly after: number } | undefined = () => ({
    answer: { ok: true },
    after: 2,
  });
  stopped = false;
  /** What it says in place of each PUSH_REPLY: it plays a hostile server. */
  pushes: ((reply: string) => readonly string[]) | undefined;

  constructor(config: Omit<StationConfig, 'plane'>, settings: ServerSettings, verb: number) {
    const { transport, clientToClient, tunMtu, mssFix, replayWindow, tunnel4, tunnel6 } = settings;
    const own = [tunnel4, tunnel6].flatMap((tunnel) => (tunnel === undefined ? [] : [hostRoute(tunnel.address)]));
    const plane = { role: 'server', transport, clientToClient, tunMtu, mssFix, replayWindow, ownAddresses: own } as const;
    super({ ...config, plane });
    this.engine = new ServerEngine({
      settings,
      random: this.random,
      verb,
      env: new EnvList(),
      plane: this.forwarder,
      poolEntries: [],
      numbers: new Numbers(),
    });
  }

  /** Common names of the clients that are fully connected. */
  get connected(): string[] {
    return [...this.engine.clients()].filter((client) => client.phase === 'connected').map((client) => client.commonName ?? '');
  }

  /** Client instances of any phase. */
  get instances(): number {
    return [...this.engine.clients()].length;
  }

  protected machine(): StationMachine | undefined {
    return this.engine;
  }

  protected carryOut(): boolean {
    const out = this.engine.poll();
    if (out === undefined) return false;
    switch (out.kind) {
      case 'note':
        this.note(out);
        break;
      case 'event':
        this.events.push(out.event);
        break;
      case 'plane':
        this.command(out.command);
        break;
      case 'tls':
        for (const command of this.#inOtherWords(out.command)) this.tls.command(command);
        break;
      case 'ask':
        this.#ask(out.id, out.question);
        break;
      case 'stopped':
        this.stopped = true;
        break;
      case 'pool-changed':
        break;
    }
    return true;
  }

  #inOtherWords(command: TlsCommand): TlsCommand[] {
    const text = command.kind === 'tls-write' ? command.message.toString('latin1') : '';
    if (this.pushes === undefined || command.kind !== 'tls-write' || !text.startsWith('PUSH_REPLY')) return [command];
    return this.pushes(text.slice(0, -1)).map((message) => ({ ...command, message: Buffer.from(message, 'latin1') }));
  }

  #ask(id: number, question: Question): void {
    this.questions.push(question);
    const given = this.answer(question);
    if (given !== undefined) this.world.later(given.after, () => this.tell((now) => this.engine.handleAnswer(id, given.answer, now)));
  }
}
