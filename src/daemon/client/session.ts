import { isDeepStrictEqual } from 'node:util';
import { reasonOf, TunnelscopeError } from '../../base/errors.ts';
import { formatIp } from '../../base/ip.ts';
import type { Random } from '../../base/random.ts';
import { after, type Duration, type Now, seconds } from '../../base/units.ts';
import { setCertificateEnv } from '../../engine/client-env.ts';
import type { ClientStep } from '../../engine/client-types.ts';
import type { ClientConfiguration, Profile } from '../../engine/client/configuration.ts';
import { planTunnel, type TunnelPlan } from '../../engine/client/tunnel-plan.ts';
import type { Numbers } from '../../engine/numbers.ts';
import type { Pulled } from '../../engine/pulled.ts';
import type { Clock } from '../../host/clock.ts';
import type { PlaneTrouble } from '../../host/dataplane/port.ts';
import type { Network } from '../../host/ip.ts';
import type { ResolvedAddress } from '../../host/resolve.ts';
import type { TlsMaterial } from '../../host/tls-context.ts';
import { CLIENT } from '../../messages/client.ts';
import { INTERFACE } from '../../messages/interface.ts';
import { LINK } from '../../messages/link.ts';
import { MULTI } from '../../messages/multi.ts';
import { OURS } from '../../messages/ours.ts';
import { PUSH } from '../../messages/push.ts';
import { START } from '../../messages/start.ts';
import { type Address, addressFrom, formatFamilyAddress } from '../../model/address.ts';
import type { DaemonState, StateName } from '../../model/daemon-port.ts';
import type { EnvList } from '../../model/env-list.ts';
import type { DataPlaneRecord } from '../../model/status-report.ts';
import type { CrlCheck } from '../../protocol/verify/crl.ts';
import type { Logging } from '../../service/logging.ts';
import { wantsBatched, wantsHeaders } from '../data-plane.ts';
import { runScript, type ScriptWorld } from '../run-script.ts';
import { Attempt, type AttemptBytes, type EndedOutput } from './attempt.ts';
import { dial, type Dialled } from './dial.ts';
import { ClientInterface } from './interface.ts';
import { Interrupted, type Interrupts } from './interrupts.ts';
import { LateTun } from './late-tun.ts';
import type { GivenLogin } from './questions.ts';
import { type Restart, restartOf } from './restart.ts';
import type { RouteRecord } from './route-record.ts';
import { sessionSettings } from './session-settings.ts';

/** A session's bytes and silence are looked at this often. */
const LOOK_EVERY = seconds(1);

/** What one session is made of; all of it outlives the session. */
export interface SessionParts {
  readonly configuration: ClientConfiguration;
  readonly profile: Profile;
  readonly to: ResolvedAddress;
  readonly login: GivenLogin | undefined;
  readonly material: TlsMaterial;
  readonly crl: (() => CrlCheck | undefined) | undefined;
  readonly env: EnvList;
  readonly clock: Clock;
  readonly random: Random;
  readonly numbers: Numbers;
  readonly logging: Logging;
  readonly network: Network;
  readonly record: RouteRecord;
  readonly scripts: ScriptWorld;
  readonly interrupts: Interrupts;
  /** The interface of the session before, kept by `persist-tun`. */
  readonly standing: StandingInterface | undefined;
  readonly askProxyLogin: (type: string) => Promise<GivenLogin>;
  state(name: StateName, more?: Partial<Omit<DaemonState, 'time' | 'name'>>): void;
  onStep(step: ClientStep): void;
  /** The tunnel stands. */
  onConnected(): Promise<void>;
  onEcho(text: string): void;
  onUpDown(up: boolean, env: EnvList): void;
}

/** An interface with what it was made for. */
export interface StandingInterface {
  readonly plan: TunnelPlan;
  readonly mtu: number;
  readonly made: ClientInterface;
}

/** One session with one address of one server, from the socket to the end, with the interface that it gets. */
export class ClientSession {
  /** What is inside the tunnel, when there is something. */
  interface: StandingInterface | undefined;
  readonly #parts: SessionParts;
  readonly #env: EnvList;
  #attempt: Attempt | undefined;
  #dialled: Dialled | undefined;
  /** Making the interface; settles before the session ends. */
  #making: Promise<void> = Promise.resolve();
  #failure: Error | undefined;
  /** Ends the wait for the session's end. */
  #stop: (restart: Restart) => void = () => {};
  readonly #cancelTimers: (() => void)[] = [];

  constructor(parts: SessionParts) {
    this.#parts = parts;
    this.#env = parts.env.clone();
    this.interface = parts.standing;
  }

  get bytes(): AttemptBytes | undefined {
    return this.#attempt?.bytes;
  }

  get connected(): boolean {
    return this.#attempt?.progress === 'connected';
  }

  set verb(verb: number) {
    if (this.#attempt !== undefined) this.#attempt.verb = verb;
  }

  /** Answers CR_TEXT; false when there is nobody to answer. */
  respond(base64: string): boolean {
    return this.#attempt?.run((engine, now) => engine.respond(base64, now)) ?? false;
  }

  /** Runs until the session ends; throws what makes the process end. `onEnded` hears the server's last words before anything is closed. */
  async run(onEnded: (ended: EndedOutput) => boolean): Promise<Restart> {
    const { interrupts } = this.#parts;
    const dialled = await this.#dial();
    if ('signal' in dialled) return dialled;
    this.#dialled = dialled;
    const stopped = new Promise<Restart>((resolve) => {
      this.#stop = resolve;
    });
    const attempt = this.#begin(dialled);
    await attempt.start();
    this.#noteDataPlane(attempt.running);
    this.#armConnectTimeout(attempt);
    const { tlsExit } = this.#parts.configuration.client;
    const ended = attempt.ended.then((last) => restartOf(last, onEnded(last), tlsExit));
    let restart: Restart;
    try {
      restart = await interrupts.unless(Promise.race([ended, stopped]));
    } catch (error) {
      if (!(error instanceof Interrupted)) throw error;
      restart = await this.#leave(attempt);
    }
    attempt.run((engine, now) => engine.abandon(now));
    await attempt.ended;
    for (const cancel of this.#cancelTimers) cancel();
    await this.#making;
    this.#parts.logging.notes.add(LINK.closing, {});
    await attempt.close();
    if (this.#failure !== undefined) throw this.#failure;
    return restart;
  }

  /** Takes the interface away, unless it is to stay for the next session. */
  async closeInterface(signal: string | undefined): Promise<void> {
    const standing = this.interface;
    this.interface = undefined;
    if (standing === undefined) return;
    this.#parts.onUpDown(false, standing.made.env);
    await standing.made.close(signal);
  }

  // --- the way there ----------------------------------------------------------------------------------------------

  async #dial(): Promise<Dialled | Restart> {
    const { profile, to, configuration, logging, interrupts } = this.#parts;
    const { notes } = logging;
    const address = this.#serverAddress;
    this.#env.set('untrusted_ip', to.ip).set('untrusted_port', profile.port);
    notes.add(CLIENT.preservingRemote, { address: formatFamilyAddress(address) });
    const giveUp = new AbortController();
    const { sendBuffer, receiveBuffer } = configuration.daemon;
    const dialling = dial(profile, to, {
      batched: wantsBatched(configuration.daemon, profile.transport),
      sendBuffer,
      receiveBuffer,
      signal: giveUp.signal,
      askProxyLogin: this.#parts.askProxyLogin,
      onConnecting: (via) => {
        notes.add(CLIENT.tcpConnecting, { address: formatFamilyAddress(via) });
        this.#parts.state('TCP_CONNECT');
      },
    });
    try {
      const dialled = await interrupts.unless(dialling, () => giveUp.abort());
      this.#noteSockets(dialled, address);
      return dialled;
    } catch (error) {
      if (error instanceof Interrupted) throw error;
      return connectionFailed(error, profile, address, notes);
    }
  }

  get #serverAddress(): Address {
    const { profile, to } = this.#parts;
    return addressFrom(profile.transport === 'udp' ? 'udp' : 'tcp-client', to.ip, profile.proxy?.port ?? profile.port);
  }

  /** How the log names the transport. */
  get #proto(): string {
    const { profile, to } = this.#parts;
    return profile.transport === 'udp' ? `UDPv${to.family}` : `TCPv${to.family}_CLIENT`;
  }

  #noteSockets({ buffers, local, bound }: Dialled, address: Address): void {
    const { notes } = this.#parts.logging;
    const { profile } = this.#parts;
    const proto = this.#proto;
    const shown = formatFamilyAddress(address);
    if (profile.transport === 'tcp') notes.add(LINK.tcpEstablished, { address: shown });
    if (buffers !== undefined) {
      const [receiveBefore, receive] = buffers.receive;
      const [sendBefore, send] = buffers.send;
      notes.add(LINK.socketBuffers, { receiveBefore, receive, sendBefore, send });
    }
    if (profile.local === undefined || local === undefined) notes.add(LINK.localUnbound, { proto });
    else notes.add(LINK.localBound, { proto, address: formatFamilyAddress(bound) });
    notes.add(LINK.remote, { proto, address: shown });
  }

  #begin(dialled: Dialled): Attempt {
    const { configuration, profile, material, clock, random, numbers, logging, login, crl } = this.#parts;
    const { client } = configuration;
    const tun = new LateTun();
    const attempt = new Attempt({
      open: dialled.open,
      batched: dialled.batched && { ...dialled.batched, without: configuration.daemon.dataPlane.without },
      remote: dialled.remote,
      settings: {
        ...sessionSettings(client, profile, login),
        waitsForInterface: true,
        ...(crl === undefined ? {} : { crl }),
      },
      mssFix: profile.mssFix,
      replayWindow: client.replayWindow,
      material,
      tun,
      clock,
      random,
      numbers,
      verb: logging.logger.verb,
      log: (note, now) => logging.log(note, now),
      packets: {
        notes: logging.notes,
        mark: (character) => logging.mark(character),
        proto: this.#proto,
        plaintext: configuration.daemon.log.plaintext,
      },
      onStep: (step) => this.#handleStep(step, tun),
      onConnected: () => this.#handleConnected(),
      onTrouble: (trouble) => this.#handleTrouble(trouble),
    });
    this.#attempt = attempt;
    return attempt;
  }

  // --- steps ------------------------------------------------------------------------------------------------------

  #handleStep(step: ClientStep, tun: LateTun): void {
    switch (step.what) {
      case 'state':
        if (step.name === 'AUTH') this.#cancelConnectTimeout();
        return this.#parts.state(step.name, step.detail === undefined ? {} : { detail: step.detail });
      case 'verified':
        setCertificateEnv(this.#env, step.chain);
        this.#env.set('common_name', step.commonName);
        return;
      case 'trusted':
        return this.#trusted();
      case 'pulled':
        this.#making = this.#makeInterface(step.pulled, tun);
        return;
      case 'updated':
        // The daemon does not announce that it takes PUSH_UPDATE, so that no server sends it.
        return;
      case 'info':
      case 'token':
        return this.#parts.onStep(step);
    }
  }

  #trusted(): void {
    const { profile, to, configuration, scripts } = this.#parts;
    this.#env.set('trusted_ip', to.ip).set('trusted_port', profile.port);
    const [shown = ''] = formatFamilyAddress(this.#serverAddress).split(/:\d+$/);
    void runScript(configuration.daemon.scripts, scripts, 'ipchange', [shown, String(profile.port)], this.#env);
  }

  async #makeInterface(pulled: Pulled, tun: LateTun): Promise<void> {
    try {
      await this.#openInterface(pulled, tun);
      this.#attempt?.run((engine, now) => engine.openTunnel(now));
    } catch (error) {
      this.#failure = error instanceof Error ? error : new TunnelscopeError('BUG', reasonOf(error), { cause: error });
      this.#stop({ signal: 'SIGTERM', source: 'soft', reason: reasonOf(error) });
    }
  }

  async #openInterface(pulled: Pulled, tun: LateTun): Promise<void> {
    const { configuration, profile, logging, network, scripts, to } = this.#parts;
    const { client, daemon } = configuration;
    const { plan, problems } = planTunnel([...client.network.options, ...pulled.options]);
    for (const option of problems) logging.notes.add(CLIENT.optionsError, { text: `the option '${option}' cannot be used` });
    for (const text of plan.echoes) this.#parts.onEcho(text);
    noteImports(logging, pulled);
    const mtu = pulled.tunMtu ?? profile.tunMtu;
    const former = this.interface;
    if (former !== undefined && isDeepStrictEqual({ plan, mtu }, { plan: former.plan, mtu: former.mtu })) {
      logging.notes.add(INTERFACE.preserving, { device: former.made.name });
      tun.attach(former.made.tun);
      return;
    }
    if (former !== undefined) {
      logging.notes.add(INTERFACE.preserving, { device: former.made.name });
      logging.notes.add(CLIENT.reopeningInterface, {});
      await this.closeInterface(undefined);
    }
    const tunAddresses = addressesOf(plan);
    const made = await ClientInterface.open({
      plan,
      mtu,
      daemon,
      setRoutes: client.network.setRoutes,
      headers: wantsHeaders(daemon, profile.transport),
      network,
      record: this.#parts.record,
      scripts,
      env: this.#env,
      server: to.ip,
      state: (name) => this.#parts.state(name, name === 'ASSIGN_IP' ? tunAddresses : {}),
    });
    this.interface = { plan, mtu, made };
    tun.attach(made.tun);
    this.#parts.onUpDown(true, made.env);
  }

  #handleConnected(): void {
    const { logging, profile } = this.#parts;
    const standing = this.interface;
    logging.notes.add(START.initComplete, {});
    this.#parts.state('CONNECTED', {
      detail: standing?.made.routed === false ? 'ROUTE_ERROR' : 'SUCCESS',
      ...(standing === undefined ? {} : addressesOf(standing.plan)),
      remote: this.#serverAddress,
      ...(profile.transport === 'tcp' && this.#dialled?.local !== undefined ? { local: this.#dialled.local } : {}),
    });
    this.#armLifetimes();
    this.#parts.onConnected().catch((error: unknown) => {
      this.#failure = error instanceof Error ? error : new TunnelscopeError('BUG', reasonOf(error), { cause: error });
      this.#stop({ signal: 'SIGTERM', source: 'soft', reason: reasonOf(error) });
    });
  }

  #noteDataPlane({ adapter, crypto, steps, instead }: DataPlaneRecord): void {
    const { notes } = this.#parts.logging;
    if (instead !== undefined) notes.add(OURS.dataPlaneInstead, { reason: instead });
    if (adapter === 'batched') notes.add(OURS.dataPlane, { adapter, crypto, steps: steps.join(' ') || 'nothing more' });
  }

  #handleTrouble(trouble: PlaneTrouble): void {
    const { logging } = this.#parts;
    if (trouble.kind === 'step-off') return logging.notes.add(OURS.dataPlaneStepOff, trouble);
    if (trouble.kind === 'step-on') return logging.notes.add(OURS.dataPlaneStepOn, trouble);
    if (trouble.kind === 'socket') {
      const { code, words, errno } = trouble;
      return logging.notes.add(LINK.readError, { proto: this.#proto, name: code, reason: words, fd: -1, code: errno });
    }
    this.#failure = trouble.error;
    this.#stop({ signal: 'SIGTERM', source: 'soft', reason: trouble.error.message });
  }

  // --- the end ----------------------------------------------------------------------------------------------------

  /** By a signal: with a word to the server where it is to hear one. */
  async #leave(attempt: Attempt): Promise<Restart> {
    const { interrupts } = this.#parts;
    const cause = interrupts.first;
    const isEnd = cause?.name === 'SIGTERM' || cause?.name === 'SIGINT';
    if (cause === undefined || !isEnd || !this.connected || attempt.tellsExit !== true) {
      return { signal: cause?.name ?? 'SIGTERM', source: cause?.source ?? 'hard', reason: cause?.reason ?? '' };
    }
    attempt.run((engine, now) => engine.leave(cause.name, now));
    await attempt.ended;
    return { signal: 'SIGTERM', source: 'soft', reason: 'exit-with-notification' };
  }

  #armConnectTimeout(attempt: Attempt): void {
    const { profile, logging } = this.#parts;
    if (profile.connectTimeout === 0 || attempt.progress === undefined) return;
    this.#after(profile.connectTimeout, () => {
      logging.notes.add(CLIENT.pollTimeout, {});
      this.#stop({ signal: 'SIGUSR1', source: 'soft', reason: 'server_poll', atOnce: true });
    });
  }

  #cancelConnectTimeout(): void {
    this.#cancelTimers.shift()?.();
  }

  #armLifetimes(): void {
    const { client } = this.#parts.configuration;
    const plan = this.interface?.plan;
    const limit = plan?.sessionTimeout === undefined ? client.sessionTimeout : seconds(plan.sessionTimeout);
    const inactive = plan?.inactive === undefined ? client.inactive : { after: seconds(plan.inactive.seconds), bytes: plan.inactive.bytes };
    const { notes } = this.#parts.logging;
    if (limit !== undefined) {
      this.#after(limit, () => {
        notes.add(MULTI.sessionTimeout, {});
        this.#stop({ signal: 'SIGTERM', source: 'soft', reason: 'session-timeout' });
      });
    }
    if (inactive !== undefined) this.#watchActivity(inactive.after, inactive.bytes, { since: this.#parts.clock.now(), bytes: 0 });
  }

  #watchActivity(limit: Duration, bytes: number, from: { readonly since: Now; readonly bytes: number }): void {
    this.#after(LOOK_EVERY, () => {
      const now = this.#parts.clock.now();
      const passed = (this.#attempt?.activity?.innerBytes ?? 0) - from.bytes;
      const active = passed > 0 && passed >= bytes;
      if (!active && now.at - from.since.at >= limit) {
        this.#parts.logging.notes.add(MULTI.inactive, {});
        return this.#stop({ signal: 'SIGTERM', source: 'soft', reason: 'inactive' });
      }
      this.#watchActivity(limit, bytes, active ? { since: now, bytes: from.bytes + passed } : from);
    });
  }

  #after(length: Duration, run: () => void): void {
    const { clock } = this.#parts;
    this.#cancelTimers.push(clock.schedule(after(clock.now().at, length), run));
  }
}

function addressesOf({ address4, address6 }: TunnelPlan): { tun4?: string; tun6?: string } {
  return {
    ...(address4 === undefined ? {} : { tun4: formatIp(address4.address) }),
    ...(address6 === undefined ? {} : { tun6: formatIp(address6.address) }),
  };
}

function connectionFailed(error: unknown, profile: Profile, address: Address, notes: Logging['notes']): Restart {
  if (!(error instanceof TunnelscopeError) || error.code !== 'LISTEN' || profile.transport === 'udp') throw error;
  const proxyReason = /^(HTTP proxy error|socks-error): (.*)$/.exec(error.message);
  if (proxyReason !== null) {
    notes.add(CLIENT.proxyFailed, { reason: proxyReason[2] ?? '' });
    return { signal: 'SIGUSR1', source: 'soft', reason: proxyReason[1] ?? '' };
  }
  const reason = /failed: (.*?)(?: \(errno=\d+\))?$/.exec(error.message)?.[1] ?? error.message;
  notes.add(CLIENT.tcpConnectFailed, { address: formatFamilyAddress(address), reason });
  return { signal: 'SIGUSR1', source: 'connection failed(soft)', reason: 'connection-failed' };
}

/** What the pushed options changed, by kind. */
function noteImports({ notes }: Logging, { options, tunMtu }: Pulled): void {
  const has = (pattern: RegExp): boolean => options.some((option) => pattern.test(option));
  if (has(/^ifconfig/)) notes.add(PUSH.importModified, { what: '--ifconfig/up options' });
  if (has(/^route(?:-ipv6)? /)) notes.add(PUSH.importModified, { what: 'route options' });
  if (has(/^(?:route-gateway|route-metric|redirect-gateway|redirect-private)/))
    notes.add(PUSH.importModified, { what: 'route-related options' });
  if (has(/^(?:dhcp-option|dns) /)) notes.add(PUSH.importModified, { what: '--ip-win32 and/or --dhcp-option options' });
  if (has(/^setenv/)) notes.add(PUSH.importModified, { what: 'environment' });
  if (tunMtu !== undefined) notes.add(PUSH.importOther, { what: `tun-mtu set to ${tunMtu}` });
}
