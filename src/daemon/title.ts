import { OPENVPN_VERSION } from '../options/parse.ts';

export { OPENVPN_VERSION };

/** What follows the version in the banner: programs parse the second word, people read the rest. */
export function titleRest(version: string): string {
  return `Tunnelscope/${version} ${process.arch}-${process.platform} [SSL (OpenSSL)] [AEAD]`;
}

/** The banner of the log, of TITLE in status and of `version`. */
export function titleOf(version: string): string {
  return `OpenVPN ${OPENVPN_VERSION} ${titleRest(version)}`;
}
