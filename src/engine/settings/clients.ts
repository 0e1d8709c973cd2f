import { Secret } from '../../base/secret.ts';
import type { Random } from '../../base/random.ts';
import { seconds } from '../../base/units.ts';
import { OPTIONS } from '../../messages/options.ts';
import { START } from '../../messages/start.ts';
import type { ScriptName } from '../daemon-settings.ts';
import type { AuthSettings, HookSettings, ServerSettings, TokenSettings } from '../settings.ts';
import type { Collected } from './collected.ts';
import { rateOf } from './control.ts';
import { WITHOUT_MANAGEMENT } from './management.ts';

/** Limits and liberties of clients. */
export type ClientLimits = Pick<
  ServerSettings,
  | 'clientToClient'
  | 'duplicateCn'
  | 'maxClients'
  | 'maxRoutesPerClient'
  | 'clientConfig'
  | 'connectFreq'
  | 'connectFreqInitial'
  | 'inactive'
  | 'sessionTimeout'
>;

/** Defaults: facts: wire 24. */
export function clientLimits(collected: Collected): ClientLimits {
  const inactive = collected.last('inactive');
  const [after = 0, bytes = 0] = inactive?.values.map(Number) ?? [];
  if (collected.has('ccd-exclusive') && !collected.has('client-config-dir')) {
    collected.error('--ccd-exclusive must be used with --client-config-dir', collected.last('ccd-exclusive'));
  }
  if (collected.has('duplicate-cn')) {
    if (collected.has('ifconfig-pool-persist')) collected.warn(START.duplicateCnWithPool, {});
    if (collected.has('client-config-dir')) collected.warn(START.duplicateCnWithClientFiles, {});
  }
  return {
    clientToClient: collected.has('client-to-client'),
    duplicateCn: collected.has('duplicate-cn'),
    maxClients: collected.number('max-clients') ?? 1024,
    maxRoutesPerClient: Math.max(1, collected.number('max-routes-per-client') ?? 256),
    clientConfig: collected.has('client-config-dir') ? { exclusive: collected.has('ccd-exclusive') } : undefined,
    connectFreq: rateOf(collected, 'connect-freq'),
    connectFreqInitial: initialRate(collected),
    inactive: after === 0 ? undefined : { after: seconds(after), bytes },
    sessionTimeout: collected.number('session-timeout') === 0 ? undefined : collected.duration('session-timeout'),
  };
}

/** A zero in `connect-freq-initial` lifts the limit. */
function initialRate(collected: Collected): ServerSettings['connectFreqInitial'] {
  if (!collected.has('connect-freq-initial')) return { count: 100, per: seconds(10) };
  return rateOf(collected, 'connect-freq-initial') ?? { count: Number.MAX_SAFE_INTEGER, per: seconds(1) };
}

/** Which of the engine's questions a script answers. */
export function hookSettings(scripts: ReadonlySet<ScriptName>): HookSettings {
  return {
    clientConnect: scripts.has('client-connect'),
    clientDisconnect: scripts.has('client-disconnect'),
    learnAddress: scripts.has('learn-address'),
    tlsVerify: scripts.has('tls-verify'),
  };
}

/** Names, passwords and tokens. `random` makes the key of tokens when no file gives one. */
export function authSettings(collected: Collected, random: Random): AuthSettings {
  const verify = collected.last('auth-user-pass-verify');
  const method = verify?.values[1];
  if (verify !== undefined && method === undefined) {
    collected.error("--auth-user-pass-verify requires a second parameter ('via-env' or 'via-file')", verify);
  }
  const mode = collected.value('verify-client-cert');
  const clientCertificate = mode === 'none' || mode === 'optional' ? mode : 'require';
  const management = collected.has('management-client-auth');
  if (management && !collected.has('management')) {
    collected.error(WITHOUT_MANAGEMENT, collected.last('management-client-auth'));
  }
  if (verify === undefined && !management) checkNeedsVerifier(collected, clientCertificate);
  else if (clientCertificate !== 'require') collected.warn(OPTIONS.certificateOptional, {});
  return {
    script: verify === undefined ? undefined : method === 'via-env' ? 'via-env' : 'via-file',
    management,
    optional: collected.has('auth-user-pass-optional'),
    usernameAsCommonName: collected.has('username-as-common-name'),
    token: tokenSettings(collected, random),
    clientCertificate,
  };
}

function checkNeedsVerifier(collected: Collected, clientCertificate: AuthSettings['clientCertificate']): void {
  const need = (what: string, name: string) =>
    collected.error(
      `${what} must be used with --management-client-auth, an --auth-user-pass-verify script, or plugin`,
      collected.last(name),
    );
  if (clientCertificate !== 'require') need('--verify-client-cert none|optional', 'verify-client-cert');
  if (collected.has('username-as-common-name')) need('--username-as-common-name', 'username-as-common-name');
  if (collected.has('auth-user-pass-optional')) need('--auth-user-pass-optional', 'auth-user-pass-optional');
}

/** Renewal when nothing sets it: `reneg-sec`. */
function tokenSettings(collected: Collected, random: Random): TokenSettings | undefined {
  const directive = collected.last('auth-gen-token');
  if (directive === undefined) return undefined;
  const [lifetime, renewal, extra] = directive.values;
  const handWindow = collected.number('hand-window') ?? 60;
  if (extra !== undefined) collected.error(`--auth-gen-token ${extra} is not in this release`, directive);
  const keySeconds = collected.number('reneg-sec') ?? 3600;
  if (keySeconds === 0) collected.error('--auth-gen-token needs a non-infinite --renegotiate_seconds setting', directive);
  const renewalSeconds = Number(renewal ?? keySeconds);
  if (keySeconds > 0 && renewalSeconds < 2 * handWindow) {
    collected.error(`--auth-gen-token renewal time needs to be at least  two times --hand-window (${handWindow}).`, directive);
  }
  return {
    key: tokenKey(collected) ?? new Secret(random.bytes(TOKEN_KEY.length)),
    lifetime: lifetime === undefined || Number(lifetime) === 0 ? undefined : seconds(Number(lifetime)),
    renewal: seconds(renewalSeconds),
  };
}

/** The HMAC half of a key file for both directions, cut to what SHA-256 takes (facts: wire 22). */
const TOKEN_KEY = { fileBytes: 128, offset: 64, length: 32 };
const TOKEN_PEM = /-----BEGIN OpenVPN auth-token server key-----([A-Za-z0-9+/=\s]*)-----END OpenVPN auth-token server key-----/;

function tokenKey(collected: Collected): Secret<Buffer> | undefined {
  const material = collected.material('auth-gen-token-secret');
  if (material === undefined) return undefined;
  const bytes = Buffer.from(TOKEN_PEM.exec(material.text.reveal())?.[1] ?? '', 'base64');
  if (bytes.length === TOKEN_KEY.fileBytes) return new Secret(bytes.subarray(TOKEN_KEY.offset, TOKEN_KEY.offset + TOKEN_KEY.length));
  const text = `--auth-gen-token-secret: no OpenVPN auth-token server key of ${TOKEN_KEY.fileBytes} bytes in file '${material.name}'`;
  collected.error(text, collected.last('auth-gen-token-secret'));
  return undefined;
}
