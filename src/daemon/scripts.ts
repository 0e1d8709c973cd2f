import { resolve } from 'node:path';
import { reasonOf } from '../base/errors.ts';
import { bitsMask, formatIp } from '../base/ip.ts';
import { missingIncludes } from '../engine/client-config.ts';
import type { DaemonSettings, ScriptName } from '../engine/daemon-settings.ts';
import type { Answer, Question } from '../engine/types.ts';
import type { ServerSettings } from '../engine/settings.ts';
import { readTextIfThere, removeFile, writeTemporary } from '../host/temporary.ts';
import { SCRIPT } from '../messages/script.ts';
import type { EnvList } from '../model/env-list.ts';
import { runScript, type ScriptWorld } from './run-script.ts';

/** From this `script-security` on scripts may be handed passwords. */
const MAY_HAVE_PASSWORDS = 3;

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
      if (this.#settings.scripts.security < MAY_HAVE_PASSWORDS) {
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

  #run(name: ScriptName, args: readonly string[], env: EnvList): Promise<boolean> {
    return runScript(this.#settings.scripts, this.#world, name, args, env);
  }
}

/** A common name as a file name: what stock lets through, other characters as `_`; undefined when nothing usable is left. */
export function fileNameOf(commonName: string): string | undefined {
  const name = commonName.replace(/[^\p{L}\p{N}_.@-]/gu, '_');
  return name === '' || name === '.' || name === '..' ? undefined : name;
}
