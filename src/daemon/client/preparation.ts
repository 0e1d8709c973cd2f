import { X509Certificate } from 'node:crypto';
import { TunnelscopeError } from '../../base/errors.ts';
import type { Secret } from '../../base/secret.ts';
import { after, type Duration, seconds } from '../../base/units.ts';
import type { ClientConfiguration, Profile } from '../../engine/client/configuration.ts';
import type { Remotes, Target } from '../../engine/client/remotes.ts';
import type { Clock } from '../../host/clock.ts';
import { forgetAnswers } from '../../host/background.ts';
import { isName, type ResolvedAddress, resolveHost } from '../../host/resolve.ts';
import { CLIENT } from '../../messages/client.ts';
import { renderRow } from '../../messages/row.ts';
import type { StateName } from '../../model/daemon-port.ts';
import type { EnvList } from '../../model/env-list.ts';
import { certificateFacts } from '../../protocol/verify/certificate.ts';
import type { CrlCheck } from '../../protocol/verify/crl.ts';
import type { Logging } from '../../service/logging.ts';
import { answerTo, type Question } from '../asked.ts';
import { CrlWatch } from '../crl-watch.ts';
import { clientQuestions, loginQuestions } from './asked.ts';
import type { EndedOutput } from './attempt.ts';
import { type ClientFacts, clientEnv } from './env.ts';
import type { Interrupts } from './interrupts.ts';
import type { Login } from './login.ts';
import { OwnIdentity } from './own-identity.ts';
import { type ClientPort, protoOf } from './port.ts';
import type { GivenLogin, Questions, RemoteAnswer } from './questions.ts';
import type { Restart } from './restart.ts';

/** Between two looks for the address of a name. */
const RESOLVE_AGAIN = seconds(5);

const CERTIFICATES = /-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----/g;

/** What preparing takes. */
export interface PreparationParts {
  readonly configuration: ClientConfiguration;
  readonly questions: Questions;
  readonly interrupts: Interrupts;
  readonly logging: Logging;
  readonly clock: Clock;
  readonly port: ClientPort;
  readonly viaManagement: boolean;
  readonly remotes: Remotes;
  readonly state: (name: StateName) => void;
  /** The configuration as its files are now; undefined when it cannot run, which was said. */
  readonly readAgain: () => ClientConfiguration | undefined;
}

/** What has to be known before a client can connect: which server, at which address, with which key. */
export class Preparation {
  /** The revocation lists for a TLS session that begins now. */
  readonly crl: (() => CrlCheck | undefined) | undefined;
  /** The own certificate and key. */
  readonly identity: OwnIdentity;
  readonly #parts: PreparationParts;

  constructor(parts: PreparationParts) {
    this.#parts = parts;
    const { configuration, questions, interrupts, viaManagement, readAgain, port } = parts;
    this.identity = new OwnIdentity({
      configuration,
      questions,
      interrupts,
      viaManagement,
      terminal: this.terminal,
      forgetTyped: this.forgetTyped,
      onRefused: () => port.notify("PASSWORD:Verification Failed: 'Private Key'"),
      readAgain,
    });
    const { crl } = parts.configuration.daemon;
    const { ca } = parts.configuration.client.tls;
    if (crl === undefined) return;
    const authorities = (ca?.match(CERTIFICATES) ?? []).map((pem) => certificateFacts(new X509Certificate(pem)));
    const watch = new CrlWatch(crl, authorities, parts.logging.notes);
    this.crl = () => watch.refresh(parts.clock.now());
  }

  /** What scripts are told before a server is known. */
  static env({ client, daemon }: ClientConfiguration, facts: ClientFacts): EnvList {
    return clientEnv(client.profiles, daemon, facts);
  }

  get questions(): Questions {
    return this.#parts.questions;
  }

  /** Asks at the terminal, until a signal comes; or takes what was answered before there was none. */
  readonly terminal = (question: Question): Promise<Secret> => {
    const giveUp = new AbortController();
    return this.#parts.interrupts.unless(answerTo(question, giveUp.signal), () => giveUp.abort());
  };

  /** What was typed before this process lost its terminal is not used any more. */
  readonly forgetTyped = (): void => {
    forgetAnswers(clientQuestions(this.#parts.configuration).map(({ prompt }) => prompt));
  };

  /** The server of a target, as management clients want it where they are asked. */
  async profile(target: Target): Promise<Profile> {
    const { configuration, questions, interrupts, remotes } = this.#parts;
    const { queries } = configuration.client;
    let { profile } = target;
    if (!queries.remote || this.#nobodyToAsk) return this.#withProxy(profile, target.index);
    const most = 2 * remotes.profiles.length;
    for (let skipped = 0; ; ) {
      const asking = questions.remote(profile.host, profile.port, protoOf(profile));
      const answer: RemoteAnswer = await interrupts.unless(asking, () => questions.cancel());
      if (answer.kind === 'accept') return profile;
      if (answer.kind === 'mod') return { ...profile, host: answer.host, port: answer.port };
      skipped += answer.count;
      if (skipped > most) throw new TunnelscopeError('OPTIONS', 'No usable connection profiles are present');
      for (let i = 0; i < answer.count; i++) profile = remotes.skip()?.profile ?? profile;
    }
  }

  async #withProxy(profile: Profile, index: number): Promise<Profile> {
    const { configuration, questions, interrupts, logging } = this.#parts;
    if (!configuration.client.queries.proxy || this.#nobodyToAsk) return profile;
    const asking = questions.proxy(index + 1, profile.transport, profile.host);
    const answer = await interrupts.unless(asking, () => questions.cancel());
    if (answer === undefined || answer.kind === 'none') return { ...profile, proxy: undefined };
    if (answer.kind === 'http' && profile.transport === 'udp') {
      logging.notes.add(CLIENT.httpProxyOnUdp, {});
      return { ...profile, proxy: undefined };
    }
    const { kind, host, port, noClearText } = answer;
    const login = kind === 'http' ? 'ask' : undefined;
    return {
      ...profile,
      proxy: { kind, host, port, noClearText, login, headers: [], httpVersion: '1.0', timeout: profile.connectTimeout },
    };
  }

  get #nobodyToAsk(): boolean {
    return this.#parts.configuration.daemon.management.length === 0;
  }

  /** A name and password for a proxy. */
  async askLogin(type: string): Promise<GivenLogin> {
    const { viaManagement, questions, interrupts } = this.#parts;
    if (viaManagement) return interrupts.unless(questions.login(type), () => questions.cancel());
    const [forUsername, forPassword] = loginQuestions(type);
    const username = (await this.terminal(forUsername)).reveal();
    return { username, password: await this.terminal(forPassword) };
  }

  /** Where to connect to: the server, or the proxy before it. */
  async address(profile: Profile): Promise<ResolvedAddress | Restart> {
    const { remotes, logging, configuration, clock, state } = this.#parts;
    const host = profile.proxy?.host ?? profile.host;
    if (isName(host)) state('RESOLVE');
    const { resolve } = configuration.client.retry;
    const began = clock.now().at;
    for (;;) {
      const found = await this.#parts.interrupts.unless(resolveHost(host, profile.family));
      if (found.ok && found.value.length > 0) {
        remotes.resolved(found.value.length);
        const index = (remotes.current?.addressIndex ?? 0) % found.value.length;
        return found.value[index] ?? GONE;
      }
      const name = `${host}:${profile.proxy?.port ?? profile.port}`;
      const failure = { host: name, reason: found.ok ? 'no addresses' : found.error };
      if (resolve === 0 && remotes.profiles.length === 1) {
        throw new TunnelscopeError('LISTEN', renderRow(CLIENT.resolveFailedForGood, failure));
      }
      logging.notes.add(CLIENT.resolveFailed, failure);
      // Another server may have a name that resolves.
      const over = resolve !== undefined && clock.now().at - began >= resolve;
      if (over || remotes.profiles.length > 1) {
        logging.notes.add(CLIENT.protocolUndetermined, {});
        return GONE;
      }
      await this.#sleep(RESOLVE_AGAIN);
    }
  }

  async #sleep(length: Duration): Promise<void> {
    const { clock, interrupts } = this.#parts;
    let cancel = (): void => {};
    const slept = new Promise<void>((done) => {
      cancel = clock.schedule(after(clock.now().at, length), done);
    });
    await interrupts.unless(slept, () => cancel());
  }

  /** Hears how a session ended; true when the login that it refused is worth another attempt. */
  judge(ended: EndedOutput, login: Login): boolean {
    const { port, remotes } = this.#parts;
    if (ended.advance !== undefined) remotes.redirect(ended.advance);
    if (ended.reason === 'server-restart') port.emit({ kind: 'notify', type: 'server-pushed-connection-reset', text: ended.text ?? '' });
    if (ended.reason === 'server-halt') port.emit({ kind: 'notify', type: 'server-pushed-halt', text: ended.text ?? '' });
    if (ended.reason === 'remote-exit') port.emit({ kind: 'notify', type: 'remote-exit', text: 'EXIT' });
    const refused = ['auth-failure', 'auth-temp-failure', 'auth-token-expired'].includes(ended.reason);
    if (!refused) return false;
    port.notify(`PASSWORD:Verification Failed: 'Auth'${ended.text === undefined ? '' : ` ['${ended.text}']`}`);
    return ended.reason === 'auth-temp-failure' || login.failed(ended.text);
  }
}

const GONE: Restart = { signal: 'SIGUSR1', source: 'soft', reason: 'Could not determine IPv4/IPv6 protocol' };
