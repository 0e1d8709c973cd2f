import { join } from 'node:path';
import { TunnelscopeError } from '../../base/errors.ts';
import { Secret } from '../../base/secret.ts';
import type { AuthRetry, ClientConfiguration, IdentitySettings } from '../../engine/client/configuration.ts';
import { listFolder, readText } from '../../host/access.ts';
import type { TlsMaterial } from '../../host/tls-context.ts';
import { PRIVATE_KEY, type Question } from '../asked.ts';
import type { Interrupts } from './interrupts.ts';
import { clientMaterial, isLocked } from './material.ts';
import type { Questions } from './questions.ts';
import type { Restart } from './restart.ts';

/** What management clients know the two questions by (facts: management 5). */
const INSERTION = 'token-insertion-request';
const CHOICE = 'identity-request';

/** What finding the own identity takes. */
export interface OwnIdentityWorld {
  readonly configuration: ClientConfiguration;
  readonly questions: Questions;
  readonly interrupts: Interrupts;
  /** Management clients are asked; otherwise the terminal. */
  readonly viaManagement: boolean;
  readonly terminal: (question: Question) => Promise<Secret>;
  /** What was typed is not used any more. */
  readonly forgetTyped: () => void;
  /** The pass phrase was wrong. */
  readonly onRefused: () => void;
  /** The configuration as its files are now; undefined when it cannot run, which was said. */
  readonly readAgain: () => ClientConfiguration | undefined;
}

/**
 * A client's own certificate and key, found when they are needed: on a medium that may have to be inserted, in a folder of several, behind
 * a pass phrase; and read again when they are not to stay.
 */
export class OwnIdentity {
  readonly #world: OwnIdentityWorld;
  #configuration: ClientConfiguration;
  #passphrase: Secret | undefined;
  /** Which one of a folder. */
  #chosen: string | undefined;
  #stale = false;

  constructor(world: OwnIdentityWorld) {
    this.#world = world;
    this.#configuration = world.configuration;
    this.#passphrase = world.configuration.client.tls.passphrase;
  }

  /** Forgets the pass phrase that was given, not one in a file. */
  forget(): void {
    this.#world.forgetTyped();
    this.#passphrase = this.#configuration.client.tls.passphrase;
  }

  /** Without `persist-key`, after a restart: files are read again for the next session. */
  expire(): void {
    this.#stale = true;
  }

  /** What TLS is made of, or what follows on a pass phrase that was wrong. Throws KEY_MATERIAL. */
  async material(retry: AuthRetry): Promise<TlsMaterial | Restart> {
    if (this.#stale) this.#readAgain();
    const configuration = await this.#found();
    if (isLocked(configuration, this.#passphrase)) {
      const fromFile = configuration.client.tls.passphrase !== undefined;
      if (!fromFile) this.#passphrase = await this.#askPassphrase();
      if (fromFile || isLocked(configuration, this.#passphrase)) {
        this.#passphrase = undefined;
        this.#world.forgetTyped();
        this.#world.onRefused();
        if (retry === 'interact' && !fromFile) return { signal: 'SIGUSR1', source: 'soft', reason: 'private-key-password-failure' };
        throw new TunnelscopeError('KEY_MATERIAL', 'Error: private key password verification failed');
      }
    }
    return clientMaterial(configuration, this.#passphrase);
  }

  #readAgain(): void {
    this.#stale = false;
    const again = this.#world.readAgain();
    if (again === undefined) return;
    const { identity, tls } = again.client;
    this.#configuration = { ...this.#configuration, client: { ...this.#configuration.client, identity, tls } };
  }

  /** The configuration with an identity that is there. */
  async #found(): Promise<ClientConfiguration> {
    for (;;) {
      const { identity } = this.#configuration.client;
      if (identity.kind === 'folder') return this.#with(await this.#chooseFrom(identity));
      if (identity.kind !== 'absent') return this.#configuration;
      const { questions, interrupts } = this.#world;
      const asking = questions.confirm(INSERTION, `Please insert the medium that holds ${identity.path}`);
      const inserted = await interrupts.unless(asking, () => questions.cancel());
      if (!inserted) throw new TunnelscopeError('KEY_MATERIAL', `The medium that holds ${identity.path} was not inserted`);
      this.#readAgain();
    }
  }

  #with(identity: IdentitySettings): ClientConfiguration {
    return { ...this.#configuration, client: { ...this.#configuration.client, identity } };
  }

  async #chooseFrom({ path, name }: Extract<IdentitySettings, { kind: 'folder' }>): Promise<IdentitySettings> {
    const names = identitiesIn(path);
    let chosen = name ?? this.#chosen ?? (names.length === 1 ? names[0] : undefined);
    if (names.length === 0)
      throw new TunnelscopeError('KEY_MATERIAL', `There is no identity in ${path}: NAME.p12, or NAME.crt with NAME.key`);
    if (name !== undefined && !names.includes(name)) {
      throw new TunnelscopeError('KEY_MATERIAL', `There is no identity ${name} in ${path}; there are ${names.join(', ')}`);
    }
    while (chosen === undefined || !names.includes(chosen)) chosen = await this.#ask(names);
    this.#chosen = chosen;
    return load(path, chosen);
  }

  async #ask(names: readonly string[]): Promise<string> {
    const { viaManagement, questions, interrupts, terminal, forgetTyped } = this.#world;
    if (viaManagement)
      return interrupts.unless(questions.text(CHOICE, `Choose an identity: ${names.join(', ')}`), () => questions.cancel());
    const typed = await terminal(identityQuestion(names));
    forgetTyped();
    return typed.reveal();
  }

  async #askPassphrase(): Promise<Secret> {
    const { viaManagement, questions, interrupts, terminal } = this.#world;
    if (viaManagement) return interrupts.unless(questions.password('Private Key'), () => questions.cancel());
    return terminal(PRIVATE_KEY);
  }
}

/** What the terminal is asked where a folder holds several. */
export function identityQuestion(names: readonly string[]): Question {
  return { prompt: `Enter Identity (${names.join(', ')}):`, secret: false };
}

/** Names of the identities in a folder, in order. Throws KEY_MATERIAL when it cannot be read. */
export function identitiesIn(folder: string): string[] {
  const listed = listFolder(folder);
  if (!listed.ok) throw new TunnelscopeError('KEY_MATERIAL', `${folder} cannot be read: ${listed.error}`);
  const files = new Set(listed.value);
  const names = [...files].flatMap((file) => {
    const [, name = '', ending = ''] = /^([^.].*)\.(p12|key)$/.exec(file) ?? [];
    return name !== '' && (ending === 'p12' || files.has(`${name}.crt`)) ? [name] : [];
  });
  return [...new Set(names)].sort();
}

function load(folder: string, name: string): IdentitySettings {
  const pkcs12 = join(folder, `${name}.p12`);
  if (readText(pkcs12).ok) return { kind: 'pkcs12', path: pkcs12 };
  const keyName = join(folder, `${name}.key`);
  return { kind: 'pem', cert: textOf(join(folder, `${name}.crt`)), key: new Secret(textOf(keyName)), keyName };
}

function textOf(path: string): string {
  const read = readText(path);
  if (read.ok) return read.value;
  throw new TunnelscopeError('KEY_MATERIAL', `${path} cannot be read: ${read.error}`);
}
