import { describe, expect, it } from 'vitest';
import { Secret } from '../base/secret.ts';
import { Notes } from '../messages/notes.ts';
import { Passphrase } from './passphrase.ts';

function asked(attended: boolean) {
  const events: unknown[] = [];
  const noted: string[] = [];
  const notes = new Notes(15, ({ row }) => noted.push(row.id));
  const passphrase = new Passphrase({ notes, emit: (event) => events.push(event), attended: () => attended });
  return { passphrase, events, noted };
}

const PROMPT = { kind: 'prompt', text: "PASSWORD:Need 'Private Key' password" };
const PROMPT_OVER = { kind: 'prompt', text: undefined };

describe('Passphrase', () => {
  it('asks, takes the answer for its own type alone, and keeps it', () => {
    const { passphrase, events, noted } = asked(false);
    const sesame = new Secret('sesame');
    expect(passphrase.handle('Private Key', sesame)).toEqual({ kind: 'refused', text: '' });
    let given = 0;
    passphrase.wait(() => given++);
    expect([noted, events]).toEqual([['start.password-waiting'], [PROMPT]]);
    expect(passphrase.handle('Auth', sesame)).toEqual({
      kind: 'refused',
      text: "password of type 'Auth' entered, but we need one of type 'Private Key'",
    });
    expect([given, passphrase.kept]).toEqual([0, undefined]);
    expect(passphrase.handle('Private Key', sesame)).toEqual({ kind: 'done', text: '' });
    expect([given, passphrase.kept, events.at(-1)]).toEqual([1, sesame, PROMPT_OVER]);
    passphrase.accept(true);
    passphrase.accept(true);
    expect([passphrase.kept, noted.slice(1)]).toEqual([sesame, ['client.caches-passwords']]);
    passphrase.forget();
    expect(passphrase.kept).toBeUndefined();
  });

  it('keeps nothing that may not be kept, or was wrong', () => {
    const { passphrase, events, noted } = asked(true);
    passphrase.wait(() => undefined);
    passphrase.handle('Private Key', new Secret('wrong'));
    passphrase.refuse();
    expect([passphrase.kept, events.at(-1)]).toEqual([undefined, { kind: 'password-refused', type: 'Private Key' }]);
    passphrase.wait(() => undefined);
    passphrase.handle('Private Key', new Secret('sesame'));
    passphrase.accept(false);
    expect([passphrase.kept, noted]).toEqual([undefined, []]);
  });

  it('can be given up, which ends the prompt', () => {
    const { passphrase, events } = asked(true);
    const giveUp = passphrase.wait(() => undefined);
    giveUp();
    expect([events, passphrase.handle('Private Key', new Secret('x'))]).toEqual([[PROMPT, PROMPT_OVER], { kind: 'refused', text: '' }]);
  });
});
