import { bitsMask, formatIp, maskBits } from '../base/ip.ts';
import type { Now } from '../base/units.ts';
import { AUTH } from '../messages/auth.ts';
import { MULTI } from '../messages/multi.ts';
import { POOL } from '../messages/pool.ts';
import { PUSH } from '../messages/push.ts';
import type { DataCipher, InnerRoute } from '../protocol/data/plane.ts';
import { type CipherChoice, negotiateCipher } from '../protocol/negotiate/ciphers.ts';
import { parseClientConfig } from './client-config.ts';
import { setLeaseEnv, setTimeEnv, setTrustedEnv } from './client-env.ts';
import type { EngineContext } from './context.ts';
import { formatRoute, hostRoute, type InnerOwners, isHost } from './inner-owners.ts';
import type { ClientInstance } from './instance.ts';
import type { AddressPool } from './pool.ts';
import { clientPushOptions } from './push-list.ts';
import type { ClientConfig } from './settings.ts';
import type { Answer } from './types.ts';

const NO_CONFIG: ClientConfig = {
  disable: false,
  pushReset: false,
  pushRemove: [],
  pushes: [],
  address4: undefined,
  address6: undefined,
  internalRoutes: [],
};

/** What a client gets, while it is being put together. */
interface Draft {
  readonly client: ClientInstance;
  readonly cipher: DataCipher;
  config: ClientConfig;
}

/**
 * From an accepted login to a connected client: cipher, pool address, client file, connect script, inner routes. Any step may
 * refuse; then nothing of it stays.
 */
export class Connector {
  readonly #context: EngineContext;
  readonly #pool: AddressPool;
  readonly #owners: InnerOwners<ClientInstance>;
  readonly #done: (client: ClientInstance, now: Now) => void;

  constructor(
    context: EngineContext,
    pool: AddressPool,
    owners: InnerOwners<ClientInstance>,
    done: (client: ClientInstance, now: Now) => void,
  ) {
    this.#context = context;
    this.#pool = pool;
    this.#owners = owners;
    this.#done = done;
  }

  begin(client: ClientInstance, now: Now): void {
    client.phase = 'connecting';
    client.shownName = client.commonName ?? '';
    const cipher = this.#chooseCipher(client, now);
    if (cipher === undefined) return;
    setTrustedEnv(client.env, client.commonName, client.link.address);
    setTimeEnv(client.env, client.started);
    this.#borrowAddress(client);
    this.#readClientFile({ client, cipher, config: NO_CONFIG }, now);
  }

  /** Takes back what `begin` gave; what is given back already stays so. */
  undo(client: ClientInstance): void {
    if (client.tunnel !== undefined) {
      this.#forgetRoutes(client, client.tunnel.routes);
      client.tunnel = { ...client.tunnel, routes: [] };
    }
    if (client.lease !== undefined) this.#pool.release(client.lease);
    client.lease = undefined;
  }

  // --- cipher and address -----------------------------------------------------------------------------------------

  #chooseCipher(client: ClientInstance, now: Now): DataCipher | undefined {
    const { control } = this.#context.settings;
    const choice = negotiateCipher({
      server: control.dataCiphers,
      fallback: control.fallbackCipher,
      peerInfo: client.peerInfo,
      remoteCipher: client.remoteCipher,
    });
    this.#noteCipher(client, choice);
    if (choice.kind === 'cipher') return choice.cipher;
    this.#refuse(client, 'AUTH_FAILED,Data channel cipher negotiation failed (no shared cipher)', 'cipher', now);
    return undefined;
  }

  #noteCipher(client: ClientInstance, choice: CipherChoice): void {
    const { notes, settings } = this.#context;
    if (choice.by === 'nothing' || choice.by === 'fallback') notes.add(PUSH.noCipherData, {}, client.ref);
    if (choice.kind === 'cipher') {
      if (choice.by === 'fallback') notes.add(PUSH.fallbackUsed, { cipher: choice.cipher }, client.ref);
    } else if (choice.by === 'nothing') notes.add(PUSH.fallbackMissing, {}, client.ref);
    else {
      const row = choice.by === 'list' ? PUSH.noCommonCipher : PUSH.noCommonSingleCipher;
      notes.add(row, { server: settings.control.dataCiphers.join(':'), client: choice.offered.join(':') }, client.ref);
    }
  }

  #borrowAddress(client: ClientInstance): void {
    if (this.#pool.size === 0) return;
    client.lease = this.#pool.acquire(client.commonName ?? '');
    if (client.lease === undefined) {
      this.#context.notes.add(POOL.exhausted, {}, client.ref);
      return;
    }
    const { address4, address6 } = client.lease;
    const show = (address: Buffer | undefined): string => (address === undefined ? '(Not enabled)' : formatIp(address));
    this.#context.notes.add(POOL.returned, { address4: show(address4), address6: show(address6) }, client.ref);
    const { pool4, pool6, tunnel6 } = this.#context.settings;
    setLeaseEnv(client.env, client.lease, pool4?.bits, pool6?.bits, tunnel6?.address);
  }

  // --- client file and connect script -----------------------------------------------------------------------------

  #readClientFile(draft: Draft, now: Now): void {
    const { clientConfig } = this.#context.settings;
    if (clientConfig === undefined) return this.#runConnectScript(draft, now);
    const commonName = draft.client.commonName ?? '';
    this.#context.ask(draft.client, { what: 'client-file', commonName }, (answer, later) => {
      if (!answer.ok || (answer.config === undefined && clientConfig.exclusive)) {
        this.#context.notes.add(AUTH.clientConfigRequired, { commonName, file: answer.reason ?? commonName }, draft.client.ref);
        return this.#refuse(draft.client, 'AUTH_FAILED', 'client-config', later);
      }
      if (answer.config !== undefined) this.#context.notes.add(PUSH.importClientFile, { file: answer.config.name }, draft.client.ref);
      if (this.#merge(draft, answer, later)) this.#runConnectScript(draft, later);
    });
  }

  #runConnectScript(draft: Draft, now: Now): void {
    if (!this.#context.settings.hooks.clientConnect) return this.#addApproved(draft, now);
    this.#context.ask(draft.client, { what: 'client-connect', env: draft.client.env }, (answer, later) => {
      if (!answer.ok) return this.#refuse(draft.client, 'AUTH_FAILED', 'client-connect', later);
      if (this.#merge(draft, answer, later)) this.#addApproved(draft, later);
    });
  }

  /** What the management client that let it in said of it comes last. */
  #addApproved(draft: Draft, now: Now): void {
    const { approvedConfig } = draft.client;
    if (approvedConfig.length === 0) return this.#finish(draft, now);
    const config = { text: approvedConfig.join('\n'), name: 'client-auth' };
    if (this.#merge(draft, { ok: true, config }, now)) this.#finish(draft, now);
  }

  /** Adds what a file or script says; false when that refuses the client. */
  #merge(draft: Draft, answer: Answer, now: Now): boolean {
    if (answer.config === undefined) return true;
    const parsed = parseClientConfig(answer.config.text, answer.config.name, answer.config.included);
    for (const warning of parsed.warnings) this.#context.notes.add(PUSH.clientFileError, { text: warning }, draft.client.ref);
    draft.config = mergeConfigs(draft.config, parsed.config);
    if (!draft.config.disable) return true;
    this.#context.notes.add(AUTH.disabled, {}, draft.client.ref);
    this.#refuse(draft.client, 'AUTH_FAILED', 'disabled', now);
    return false;
  }

  // --- addresses and routes ---------------------------------------------------------------------------------------

  #finish(draft: Draft, now: Now): void {
    const { client, cipher, config } = draft;
    const { settings } = this.#context;
    const address4 = config.address4?.address ?? client.lease?.address4;
    const address6 = config.address6?.address ?? client.lease?.address6;
    if (address4 === undefined && address6 === undefined && (settings.tunnel4 ?? settings.tunnel6) !== undefined) {
      this.#context.notes.add(POOL.none, { client: client.label }, client.ref);
      return this.#refuse(client, 'AUTH_FAILED,No address is free', 'no-address', now);
    }
    const bits4 = config.address4 === undefined ? settings.tunnel4?.bits : maskBits(config.address4.mask);
    const bits6 = config.address6?.bits ?? settings.tunnel6?.bits;
    setLeaseEnv(client.env, { address4, address6 }, bits4, bits6, settings.tunnel6?.address);
    const own = [address4, address6].filter((address) => address !== undefined).map(hostRoute);
    const routes = [...own, ...inLearningOrder(config.internalRoutes)];
    const pushOptions = clientPushOptions(settings, client, config, { cipher, address4, bits4, address6, bits6 });
    client.tunnel = { cipher, routes, address4, address6, pushOptions };
    this.#learn(client, routes, now);
  }

  /** The quota and `learn-address` may refuse single addresses; the client stays connected without them, as in stock. */
  #learn(client: ClientInstance, left: readonly InnerRoute[], now: Now): void {
    const [route, ...rest] = left;
    if (route === undefined) return this.#done(client, now);
    const learned = (client.tunnel?.routes.length ?? 0) - left.length;
    if (learned >= this.#context.settings.maxRoutesPerClient) {
      this.#refuseRoute(client, route);
      return this.#learn(client, rest, now);
    }
    const before = this.#owners.learn(route, client);
    if (before?.tunnel !== undefined) this.#loseRoute(before, route);
    if (!this.#context.settings.hooks.learnAddress) {
      this.#noteLearned(client, route);
      return this.#learn(client, rest, now);
    }
    const operation = before === undefined ? 'add' : 'update';
    const question = {
      what: 'learn-address',
      env: client.env,
      operation,
      address: formatRoute(route),
      commonName: client.commonName,
    } as const;
    this.#context.ask(client, question, (answer, later) => {
      if (answer.ok) this.#noteLearned(client, route);
      else {
        this.#owners.forget([route], client);
        this.#dropRoute(client, route);
      }
      this.#learn(client, rest, later);
    });
  }

  /** One route more than `max-routes-per-client` allows. */
  #refuseRoute(client: ClientInstance, route: InnerRoute): void {
    const { notes, settings } = this.#context;
    const name = this.#nameOf(client);
    if (!isOwn(client, route)) notes.add(MULTI.internalRoute, { route: formatRoute(route), client: name }, client.ref);
    notes.add(MULTI.routeQuota, { quota: settings.maxRoutesPerClient, client: name }, client.ref);
    this.#dropRoute(client, route);
  }

  #dropRoute(client: ClientInstance, route: InnerRoute): void {
    this.#context.notes.add(MULTI.learnFailed, { route: formatRoute(route), client: this.#nameOf(client) }, client.ref);
    if (client.tunnel === undefined) return;
    client.tunnel = { ...client.tunnel, routes: client.tunnel.routes.filter((kept) => kept !== route) };
  }

  #noteLearned(client: ClientInstance, route: InnerRoute): void {
    const { notes } = this.#context;
    const own = isOwn(client, route);
    const name = this.#nameOf(client);
    if (!own) notes.add(MULTI.internalRoute, { route: formatRoute(route), client: name }, client.ref);
    notes.add(MULTI.learn, { route: formatRoute(route), client: name }, client.ref);
    const address =
      isHost(route) || route.family === 6 ? formatRoute(route) : `${formatIp(route.network)}/${formatIp(bitsMask(route.bits))}`;
    this.#context.event({ kind: 'client-address', clientId: client.clientId, address, primary: own });
    if (own)
      notes.add(route.family === 4 ? MULTI.primary4 : MULTI.primary6, { client: name, address: formatIp(route.network) }, client.ref);
  }

  /** Another client owns the route now. */
  #loseRoute(before: ClientInstance, route: InnerRoute): void {
    if (before.tunnel === undefined) return;
    const text = formatRoute(route);
    const routes = before.tunnel.routes.filter((kept) => formatRoute(kept) !== text);
    before.tunnel = { ...before.tunnel, routes };
    if (before.planeOpen) this.#context.plane({ kind: 'set-inner-routes', slot: before.slot, routes });
  }

  #forgetRoutes(client: ClientInstance, routes: readonly InnerRoute[]): void {
    this.#owners.forget(routes, client);
    if (!this.#context.settings.hooks.learnAddress) return;
    for (const route of routes) {
      const address = formatRoute(route);
      this.#context.tell({ what: 'learn-address', env: client.env, operation: 'delete', address, commonName: undefined });
    }
  }

  #nameOf(client: ClientInstance): string {
    const { address } = client.link;
    return `${client.label}/${address.family === 4 ? `${address.ip}:${address.port}` : address.ip}`;
  }

  #refuse(client: ClientInstance, message: string, reason: string, now: Now): void {
    this.undo(client);
    this.#context.dismiss(client, message, reason, now);
  }
}

function isOwn({ tunnel }: ClientInstance, route: InnerRoute): boolean {
  return tunnel !== undefined && [tunnel.address4, tunnel.address6].some((address) => address?.equals(route.network));
}

/** Subnets as stock takes them in: IPv4 first, the last line of each family before the ones above it. It counts for the quota. */
function inLearningOrder(routes: readonly InnerRoute[]): InnerRoute[] {
  return [4, 6].flatMap((family) => routes.filter((route) => route.family === family).toReversed());
}

/** What comes later adds to lists and replaces single values. */
function mergeConfigs(before: ClientConfig, more: ClientConfig): ClientConfig {
  return {
    disable: before.disable || more.disable,
    pushReset: before.pushReset || more.pushReset,
    pushRemove: [...before.pushRemove, ...more.pushRemove],
    pushes: [...(more.pushReset ? [] : before.pushes), ...more.pushes],
    address4: more.address4 ?? before.address4,
    address6: more.address6 ?? before.address6,
    internalRoutes: [...before.internalRoutes, ...more.internalRoutes],
  };
}
