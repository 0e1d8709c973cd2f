import { row } from './row.ts';

/** What is said of directives while a configuration is read and checked. */
export const OPTIONS = {
  unrecognized: row(
    'options.unrecognized',
    'M_WARN',
    'Unrecognized option or missing or extra parameter(s) in {place:text}: {name:text} ({version:version})',
  ),
  badBackslash: row('options.bad-backslash', 'M_USAGE', 'Options warning: {text:rest}', { event: 'option-error' }),
  correctThese: row('options.correct-these', 'M_USAGE', 'Options error: Please correct these errors.', { event: 'option-error' }),
  scriptSecurityNeeded: row(
    'options.script-security-needed',
    'M_WARN',
    "NOTE: starting with OpenVPN 2.1, '--script-security 2' or higher is required to call user-defined scripts or executables",
  ),
  scriptReplaced: row(
    'options.script-replaced',
    'M_WARN',
    'Multiple --{option:word} scripts defined.  The previously configured script is overridden.',
  ),
  exitNotifyOverTcp: row('options.exit-notify-over-tcp', 'M_WARN', 'NOTICE: --explicit-exit-notify ignored for --proto tcp'),
  pingAlone: row('options.ping-alone', 'M_WARN', 'WARNING: --ping should normally be used with --ping-restart or --ping-exit'),
  certificateOptional: row(
    'options.certificate-optional',
    'M_WARN',
    'WARNING: POTENTIALLY DANGEROUS OPTION --verify-client-cert none|optional may accept clients which do not present a certificate',
  ),
  ncpCiphers: row('options.ncp-ciphers', 'M_INFO', "Note: Treating option '--ncp-ciphers' as  '--data-ciphers' (renamed in OpenVPN 2.5)."),
  cipherUnsupported: row('options.cipher-unsupported', 'M_WARN', 'Unsupported cipher in --data-ciphers: {cipher:rest}'),
  cipherOptionalUnsupported: row(
    'options.cipher-optional-unsupported',
    'M_WARN',
    'Unsupported optional cipher in --data-ciphers: {cipher:rest}',
  ),
  packetSizeClamped: row(
    'options.packet-size-clamped',
    'M_WARN',
    'Note: max-packet-size value outside of allowed control channel packet size ({min:int} to {max:int}), will use {used:int} instead.',
  ),
  usernameFieldUpcased: row(
    'options.username-field-upcased',
    'M_WARN',
    "DEPRECATED FEATURE: automatically upcased the --x509-username-field parameter to '{field}'; please update your configuration",
  ),
} as const;
