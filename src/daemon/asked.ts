import { Secret } from '../base/secret.ts';
import type { DaemonSettings } from '../engine/daemon-settings.ts';
import { type Answers, answeredBefore } from '../host/background.ts';
import { askAtTerminal } from '../host/prompt.ts';
import { needsPassphrase } from '../host/tls-context.ts';

/** Something to ask at the terminal. */
export interface Question {
  readonly prompt: string;
  /** What is typed is not shown. */
  readonly secret: boolean;
}

/** The password of the management interface. */
export const MANAGEMENT_PASSWORD: Question = { prompt: 'Enter Management Password:', secret: true };

/** The pass phrase of the private key. */
export const PRIVATE_KEY: Question = { prompt: 'Enter Private Key Password:', secret: true };

/** What the management interface asks for. */
export function managementQuestions({ management }: Pick<DaemonSettings, 'management'>): Question[] {
  return management.some(({ password }) => password === 'ask') ? [MANAGEMENT_PASSWORD] : [];
}

/** What a server asks for at its start. */
export function serverQuestions(daemon: Pick<DaemonSettings, 'management' | 'tls'>): Question[] {
  return [...managementQuestions(daemon), ...(asksAtTerminal(daemon) ? [PRIVATE_KEY] : [])];
}

/** True when a server's private key is encrypted and nothing but the terminal has its pass phrase. */
export function asksAtTerminal({ tls }: Pick<DaemonSettings, 'tls'>): boolean {
  return tls.asksPassphrase === 'terminal' && needsPassphrase(tls.key);
}

/** Asks one after another, before the process that waits for the answers loses its terminal. Throws OPTIONS. */
export async function askedNow(questions: readonly Question[], signal?: AbortSignal): Promise<Answers> {
  const answers = new Map<string, Secret>();
  for (const { prompt, secret } of questions) answers.set(prompt, new Secret(await askAtTerminal(prompt, secret, signal)));
  return answers;
}

/** What was answered before this process was started in the background; otherwise asks. Throws OPTIONS. */
export async function answerTo({ prompt, secret }: Question, signal?: AbortSignal): Promise<Secret> {
  return answeredBefore(prompt) ?? new Secret(await askAtTerminal(prompt, secret, signal));
}
