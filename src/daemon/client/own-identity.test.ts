import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type TestPki, testPki } from '../../../test/support/pki.ts';
import { Secret } from '../../base/secret.ts';
import type { ClientConfiguration } from '../../engine/client/configuration.ts';
import { clientFromOptions } from '../../engine/client/settings-from-options.ts';
import { SeededRandom } from '../../base/random.ts';
import { isOpenToOthers, readText, whyUnusable } from '../../host/access.ts';
import { Notes } from '../../messages/notes.ts';
import { renderRow } from '../../messages/row.ts';
import type { DaemonEvent } from '../../model/daemon-port.ts';
import { type Directive, parseText } from '../../options/parse.ts';
import { Interrupts } from './interrupts.ts';
import { identitiesIn, OwnIdentity } from './own-identity.ts';
import { Questions } from './questions.ts';

let folder = '';
let pki: TestPki;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'tunnelscope-identity-'));
  pki = await testPki();
  writeFileSync(join(folder, 'ca'), pki.ca.certPem);
});
afterEach(() => rmSync(folder, { recursive: true }));

function put(name: string, { certPem, keyPem } = pki.alice): void {
  writeFileSync(join(folder, `${name}.crt`), certPem);
  writeFileSync(join(folder, `${name}.key`), keyPem, { mode: 0o600 });
}

function configured(lines: string): ClientConfiguration {
  const directives: Directive[] = [];
  const text = `client\ndev null\nremote vpn.test\nca ${folder}/ca\nmanagement ${folder}/m unix\n${lines}\n`;
  for (const event of parseText(text, 'config', { permission: 'config', readFile: readText })) {
    if (event.kind === 'directive') directives.push(event.directive);
  }
  const files = { read: readText, check: whyUnusable, isOpenToOthers };
  const made = clientFromOptions(directives, { files, random: new SeededRandom(1) });
  if (!made.ok) throw new Error(made.error.errors.map(({ row, args }) => renderRow(row, args)).join('; '));
  return made.value;
}

/** An identity under a configuration, and what management clients see of its questions. */
function made(lines: string, more: { readonly typed?: readonly string[]; readonly atTerminal?: boolean } = {}) {
  const prompts: string[] = [];
  const emit = (event: DaemonEvent): void => void (event.kind === 'prompt' && event.text !== undefined && prompts.push(event.text));
  const questions = new Questions({ notes: new Notes(0, () => undefined), emit, attended: () => true });
  const typed = [...(more.typed ?? [])];
  const identity = new OwnIdentity({
    configuration: configured(lines),
    questions,
    interrupts: new Interrupts(),
    viaManagement: more.atTerminal !== true,
    terminal: ({ prompt }) => {
      prompts.push(prompt);
      return Promise.resolve(new Secret(typed.shift() ?? ''));
    },
    forgetTyped: () => undefined,
    onRefused: () => undefined,
    readAgain: () => configured(lines),
  });
  return { identity, questions, prompts };
}

const QUERIES = 'management-query-passwords';

async function keyOf(found: ReturnType<OwnIdentity['material']>): Promise<string | undefined> {
  const material = await found;
  return 'signal' in material ? undefined : material.key?.pem.reveal();
}

describe('an identity on a medium', () => {
  const lines = (): string => `cert ${folder}/a.crt\nkey ${folder}/a.key\n${QUERIES}`;

  it('is asked for until it is there', async () => {
    const { identity, questions, prompts } = made(lines());
    const material = identity.material('none');
    expect(prompts).toEqual([
      `NEED-OK:Need 'token-insertion-request' confirmation MSG:Please insert the medium that holds ${folder}/a.crt`,
    ]);
    questions.tell('ok', 'token-insertion-request', 'ok');
    await new Promise((resolve) => setImmediate(resolve));
    expect(prompts).toHaveLength(2);
    put('a');
    questions.tell('ok', 'token-insertion-request', 'ok');
    expect(await keyOf(material)).toBe(pki.alice.keyPem);
  });

  it('that is not inserted ends the client', async () => {
    const { identity, questions } = made(lines());
    const material = identity.material('none');
    questions.tell('ok', 'token-insertion-request', 'cancel');
    await expect(material).rejects.toThrow(`The medium that holds ${folder}/a.crt was not inserted`);
  });

  it('without queries is a file that is missing', () => {
    expect(() => configured(`cert ${folder}/a.crt\nkey ${folder}/a.key`)).toThrow('No such file or directory');
  });
});

describe('an identity of a folder', () => {
  it('is one of those that have all they need', () => {
    for (const file of ['b.key', 'b.crt', 'c.p12', 'd.key', 'e.crt', '.f.p12', 'g.txt']) writeFileSync(join(folder, file), '');
    expect(identitiesIn(folder)).toEqual(['b', 'c']);
    expect(() => identitiesIn(join(folder, 'none'))).toThrow('No such file or directory');
  });

  it('is asked of management clients, once, until they name one', async () => {
    put('alice');
    put('bob', pki.server);
    const { identity, questions, prompts } = made(`identity-dir ${folder}\n${QUERIES}`);
    const material = identity.material('none');
    questions.tell('string', 'identity-request', 'carol');
    await new Promise((resolve) => setImmediate(resolve));
    questions.tell('string', 'identity-request', 'bob');
    expect(await keyOf(material)).toBe(pki.server.keyPem);
    expect(await keyOf(identity.material('none'))).toBe(pki.server.keyPem);
    expect(prompts).toEqual(Array(2).fill("NEED-STR:Need 'identity-request' string MSG:Choose an identity: alice, bob"));
  });

  it('is asked at the terminal without management queries', async () => {
    put('alice');
    put('bob', pki.server);
    const { identity, prompts } = made(`identity-dir ${folder}`, { typed: ['', 'alice'], atTerminal: true });
    expect(await keyOf(identity.material('none'))).toBe(pki.alice.keyPem);
    expect(prompts).toEqual(Array(2).fill('Enter Identity (alice, bob):'));
  });

  it.each([
    ['the only one', ['alice'], '', undefined],
    ['the one that is named', ['alice', 'bob'], 'identity alice', undefined],
    ['nothing where there is none', [], '', /^There is no identity in /],
    [
      'nothing where there is none of that name',
      ['alice', 'bob'],
      'identity carol',
      /^There is no identity carol in .*; there are alice, bob$/,
    ],
  ])('is %s', async (_, names, line, error) => {
    for (const name of names) put(name);
    const material = made(`identity-dir ${folder}\n${line}`).identity.material('none');
    if (error === undefined) expect(await keyOf(material)).toBe(pki.alice.keyPem);
    else await expect(material).rejects.toThrow(error);
  });
});

describe('an identity in files', () => {
  it('is read once, and again when it is to be', async () => {
    put('a');
    const { identity } = made(`cert ${folder}/a.crt\nkey ${folder}/a.key`);
    put('a', pki.server);
    expect(await keyOf(identity.material('none'))).toBe(pki.alice.keyPem);
    identity.expire();
    expect(await keyOf(identity.material('none'))).toBe(pki.server.keyPem);
  });

  it('stays as it was when it cannot be read any more', async () => {
    put('a');
    const lines = `cert ${folder}/a.crt\nkey ${folder}/a.key`;
    const configuration = configured(lines);
    const identity = new OwnIdentity({
      configuration,
      questions: new Questions({ notes: new Notes(0, () => undefined), emit: () => undefined, attended: () => true }),
      interrupts: new Interrupts(),
      viaManagement: false,
      terminal: () => Promise.reject(new Error('nobody is asked')),
      forgetTyped: () => undefined,
      onRefused: () => undefined,
      readAgain: () => undefined,
    });
    identity.expire();
    expect(await keyOf(identity.material('none'))).toBe(pki.alice.keyPem);
  });
});
