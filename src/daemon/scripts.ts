import { resolve } from 'node:path';
import { reasonOf } from '../base/errors.ts';
import { bitsMask, formatIp } from '../base/ip.ts';
import { seconds } from '../base/units.ts';
import { missingIncludes } from '../engine/client-config.ts';
import type { DaemonSettings, ScriptName } from '../engine/daemon-settings.ts';
import type { Answer, Question } from '../engine/types.ts';
import type { ServerSettings } from '../engine/settings.ts';
import type { CommandResult, Runner } from '../host/scripts.ts';
import { readTextIfThere, removeFile, writeTemporary } from '../host/temporary.ts';
import { DEBUG } from '../messages/debug.ts';
import type { Notes } from '../messages/notes.ts';
import { SCRIPT } from '../messages/script.ts';
import type { EnvList } from '../model/env-list.ts';

/** From this `script-security` on scripts may run at all, and from the second on they may be handed passwords. */
const SECURITY = { run: 2, passwords: 3 };

/** A script that takes longer is ended: it must not hold up a login for ever. */
const SCRIPT_TIMEOUT = seconds(60);

/** Programs are found here unless the configuration sets another PATH. */
const DEFAULT_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** The status by which a script says that it will decide later. */
const DEFERRED = 2;

/** How stock's log names those that do not go by their option alone. */
const HOOK_NAMES: Partial<Record<ScriptName, string>> = { up: '--up/--down', down: '--up/--down' };

/** What scripts need of the world. */
export interface ScriptWorld {
  readonly runner: Runner;
  readonly notes: Notes;
}

/** Answers an engine's questions by the scripts and files of the configuration (facts: wire 23). */
export class Scripts {
  readonly #settings: DaemonSettings;
  readonly #world: ScriptWorld;
  /** A reload reads from other folders for a moment, while a file is being opened. */
  readonly #directory = process.cwd();

  constructor(settings: DaemonSettings, world: ScriptWorld) {
    this.#settings = settings;
    this.#world = world;
  }

  /** Never rejects: whatever fails is an answer. */
  async answer(question: Question): Promise<Answer> {
    try {
      return await this.#answer(question);
    } catch (error) {
      this.#world.notes.add(SCRIPT.problem, { hook: question.what, reason: reasonOf(error) });
      return { ok: false };
    }
  }

  async #answer(question: Question): Promise<Answer> {
    switch (question.what) {
      case 'client-file':
        return this.#clientFile(question.commonName);
      case 'verify-user':
        return this.#verifyUser(question);
      case 'tls-verify':
        return { ok: await this.#run('tls-verify', [String(question.depth), question.subject], question.env) };
      case 'client-connect':
        return this.#clientConnect(question.env);
      case 'client-disconnect':
        return { ok: await this.#run('client-disconnect', [], question.env) };
      case 'learn-address': {
        const name = question.operation === 'delete' ? [] : [question.commonName ?? ''];
        return { ok: await this.#run('learn-address', [question.operation, question.address, ...name], question.env) };
      }
    }
  }

  /** `up`, `down` and `route-up`; false when it failed. */
  async interfaceHook(
    name: 'up' | 'down' | 'route-up',
    server: ServerSettings,
    device: string,
    env: EnvList,
    context: 'init' | 'restart',
  ): Promise<boolean> {
    if (!this.#settings.scripts.commands.has(name)) return true;
    const address = server.tunnel4 === undefined ? [] : [formatIp(server.tunnel4.address), formatIp(bitsMask(server.tunnel4.bits))];
    const args = name === 'route-up' ? [] : [device, String(server.tunMtu), '0', ...address, context];
    return this.#run(name, args, env.clone().set('script_context', context));
  }

  // --- files ------------------------------------------------------------------------------------------------------

  async #clientFile(commonName: string): Promise<Answer> {
    const folder = this.#settings.clientConfigDir;
    if (folder === undefined) return { ok: true };
    for (const name of [fileNameOf(commonName), 'DEFAULT']) {
      if (name === undefined) continue;
      const path = `${folder}/${name}`;
      const text = await readTextIfThere(resolve(this.#directory, path));
      if (text !== undefined) return { ok: true, config: await this.#withIncludes(text, path) };
    }
    return { ok: true, reason: `${folder}/${commonName}` };
  }

  /** With what its `config` lines name; paths count from the working directory. */
  async #withIncludes(text: string, name: string): Promise<Answer['config'] & {}> {
    const included = new Map<string, string | undefined>();
    for (;;) {
      const missing = missingIncludes(text, name, included);
      if (missing.length === 0) return included.size === 0 ? { text, name } : { text, name, included };
      for (const path of missing) included.set(path, await this.#readInclude(path));
    }
  }

  async #readInclude(path: string): Promise<string | undefined> {
    try {
      return await readTextIfThere(resolve(this.#directory, path));
    } catch {
      return undefined;
    }
  }

  // --- scripts ----------------------------------------------------------------------------------------------------

  async #verifyUser(question: Extract<Question, { what: 'verify-user' }>): Promise<Answer> {
    const { env, username, password } = question;
    if (question.via === 'via-env') {
      if (this.#settings.scripts.security < SECURITY.passwords) {
        this.#world.notes.add(SCRIPT.passwordsForbidden, {});
        return { ok: false };
      }
      const withPassword = env.clone().set('username', username).set('password', password.reveal());
      return { ok: await this.#run('auth-user-pass-verify', [], withPassword) };
    }
    const path = await writeTemporary(this.#settings.tmpDir, `${username}\n${password.reveal()}\n`);
    try {
      return { ok: await this.#run('auth-user-pass-verify', [path], env) };
    } finally {
      await removeFile(path);
    }
  }

  async #clientConnect(env: EnvList): Promise<Answer> {
    const path = await writeTemporary(this.#settings.tmpDir, '');
    try {
      const ok = await this.#run('client-connect', [path], env);
      const text = ok ? await readTextIfThere(path) : undefined;
      return text === undefined || text === '' ? { ok } : { ok, config: await this.#withIncludes(text, path) };
    } finally {
      await removeFile(path);
    }
  }

  async #run(name: ScriptName, args: readonly string[], env: EnvList): Promise<boolean> {
    const command = this.#settings.scripts.commands.get(name);
    if (command === undefined) return true;
    const { notes } = this.#world;
    if (this.#settings.scripts.security < SECURITY.run) {
      notes.add(SCRIPT.forbidden, {});
      return false;
    }
    const configured = Object.fromEntries(this.#settings.scripts.environment);
    const argv = [...command, ...args];
    const variables = { PATH: DEFAULT_PATH, ...configured, ...env.clone().set('script_type', name).toObject() };
    // Names alone: one of the values may be a password.
    notes.add(DEBUG.scriptRuns, { hook: name, command: argv.join(' '), names: Object.keys(variables).join(' ') });
    const result = await this.#world.runner.run({
      argv,
      env: variables,
      timeout: SCRIPT_TIMEOUT,
      onLine: (line) => notes.add(SCRIPT.output, { hook: name, line }),
    });
    if (result.kind === 'exited' && result.status === 0) return true;
    const hook = HOOK_NAMES[name] ?? `--${name}`;
    if (result.kind === 'exited') notes.add(SCRIPT.failed, { hook, status: result.status });
    if (result.kind === 'not-started') notes.add(SCRIPT.notStarted, { hook });
    const reason = whatHappened(result);
    if (reason !== undefined) notes.add(SCRIPT.problem, { hook: name, reason });
    return false;
  }
}

/** What the status alone does not say. */
function whatHappened(result: CommandResult): string | undefined {
  switch (result.kind) {
    case 'exited':
      return result.status === DEFERRED ? 'deferred decisions (status 2) are not supported: decide within the script' : undefined;
    case 'signalled':
      return `ended by ${result.signal}`;
    case 'timed-out':
      return 'it took too long and was ended';
    case 'not-started':
      return `it could not be started: ${result.reason}`;
  }
}

/** A common name as a file name: what stock lets through, other characters as `_`; undefined when nothing usable is left. */
export function fileNameOf(commonName: string): string | undefined {
  const name = commonName.replace(/[^\p{L}\p{N}_.@-]/gu, '_');
  return name === '' || name === '.' || name === '..' ? undefined : name;
}
