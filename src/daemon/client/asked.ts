import type { ClientConfiguration, ProxySettings } from '../../engine/client/configuration.ts';
import { managementQuestions, PRIVATE_KEY, type Question } from '../asked.ts';
import { isLocked } from './material.ts';
import { identitiesIn, identityQuestion } from './own-identity.ts';

const AUTH_USERNAME: Question = { prompt: 'Enter Auth Username:', secret: false };
const AUTH_PASSWORD: Question = { prompt: 'Enter Auth Password:', secret: true };

/** Management clients are asked, not the terminal. */
export function asksManagement({ client, daemon }: ClientConfiguration): boolean {
  return client.queries.passwords && daemon.management.length > 0;
}

/** What a client asks for until its first session stands, as far as its configuration tells. */
export function clientQuestions(configuration: ClientConfiguration): Question[] {
  const { client, daemon } = configuration;
  const questions = managementQuestions(daemon);
  if (asksManagement(configuration)) return questions;
  const { login, tls, identity } = client;
  if (tls.passphrase === undefined && isLocked(configuration, undefined)) questions.push(PRIVATE_KEY);
  if (identity.kind === 'folder' && identity.name === undefined) {
    const names = identitiesIn(identity.path);
    if (names.length > 1) questions.push(identityQuestion(names));
  }
  if (login !== undefined) {
    if (login.username === undefined) questions.push(AUTH_USERNAME);
    if (login.password === undefined) questions.push(AUTH_PASSWORD);
    if (login.challenge !== undefined) questions.push(challengeQuestion(login.challenge));
  }
  const kinds = new Set(client.profiles.flatMap(({ proxy }) => (proxy?.login === 'ask' ? [proxy.kind] : [])));
  return [...questions, ...[...kinds].flatMap((kind) => loginQuestions(proxyType(kind)))];
}

/** Name and password of what management clients know by `type`. */
export function loginQuestions(type: string): [username: Question, password: Question] {
  if (type === 'Auth') return [AUTH_USERNAME, AUTH_PASSWORD];
  return [
    { prompt: `Enter ${type} Username:`, secret: false },
    { prompt: `Enter ${type} Password:`, secret: true },
  ];
}

/** What a server or the configuration asks beside name and password. */
export function challengeQuestion({ text, echo }: { readonly text: string; readonly echo: boolean }): Question {
  return { prompt: `CHALLENGE: ${text}`, secret: !echo };
}

/** What management clients know a proxy's login by. */
export function proxyType(kind: ProxySettings['kind']): string {
  return kind === 'http' ? 'HTTP Proxy' : 'SOCKS Proxy';
}
