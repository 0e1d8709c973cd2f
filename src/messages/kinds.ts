/**
 * The kinds of message: OpenVPN's names for a level with a mute category and flags (facts: logging 2). The integer they
 * make is what machine-readable output prints, so every bit counts.
 */

/** Flag bits of a message word (facts: logging 1). */
export const FLAG = {
  fatal: 0x10,
  nonfatal: 0x20,
  warn: 0x40,
  debug: 0x80,
  errno: 0x100,
  noMute: 0x800,
  noDate: 0x1000,
  usage: 0x2000,
  client: 0x4000,
  optionError: 0x8000,
  noNewline: 0x1_0000,
  noPrefix: 0x2_0000,
} as const;

function word(level: number, category = 0, flags = 0): number {
  return (((category << 24) >>> 0) + (flags | level)) >>> 0;
}

/** One row a kind: its message word. */
export const KIND = {
  M_VERB0: word(0),
  M_FATAL: word(0, 0, FLAG.fatal),
  M_WARN: word(0, 0, FLAG.warn),
  M_NONFATAL: word(0, 0, FLAG.nonfatal),
  M_INFO: word(1),
  /** What a plugin says. */
  M_INFO_PLAIN: word(1, 0, FLAG.noPrefix),
  /** `Options error: ...`, then exit 1. */
  M_USAGE: word(0, 0, FLAG.noDate | FLAG.usage | FLAG.optionError),
  /** An option error that names the system's reason. */
  M_OPTION_ERRNO: word(0, 0, FLAG.noDate | FLAG.optionError | FLAG.errno),
  /** The hint that follows an option error. */
  M_USAGE_HINT: word(0, 0, FLAG.noDate | FLAG.warn),
  M_FATAL_ERRNO: word(0, 0, FLAG.fatal | FLAG.errno),
  M_WARN_ERRNO: word(0, 0, FLAG.warn | FLAG.errno),
  M_MUTE_NOTICE: word(1, 0, FLAG.noMute),
  D_LINK_ERRORS: word(1, 1, FLAG.nonfatal),
  D_LINK_ERRORS_ERRNO: word(1, 1, FLAG.nonfatal | FLAG.errno),
  D_CRYPT_ERRORS: word(1, 2, FLAG.nonfatal),
  D_TLS_ERRORS: word(1, 3, FLAG.nonfatal),
  D_RESOLVE_ERRORS: word(1, 4, FLAG.nonfatal),
  D_COMP_ERRORS: word(1, 5, FLAG.nonfatal),
  D_REPLAY_ERRORS: word(1, 6, FLAG.nonfatal),
  D_STREAM_ERRORS: word(1, 7, FLAG.nonfatal),
  D_IMPORT_ERRORS: word(1, 8, FLAG.nonfatal),
  D_MULTI_ERRORS: word(1, 9, FLAG.nonfatal),
  D_EVENT_ERRORS: word(1, 10, FLAG.nonfatal),
  D_PUSH_ERRORS: word(1, 11, FLAG.nonfatal),
  /** `Options error: ...` about a client's own file: the daemon goes on. */
  D_IMPORT_OPTION_ERRORS: word(1, 8, FLAG.nonfatal | FLAG.optionError),
  /** `Options error: ...` about a pushed option. */
  D_PUSH_OPTION_ERRORS: word(1, 11, FLAG.nonfatal | FLAG.optionError),
  D_PID_PERSIST: word(1, 12, FLAG.nonfatal),
  D_FRAG_ERRORS: word(1, 13, FLAG.nonfatal),
  D_ALIGN_ERRORS: word(1, 14, FLAG.nonfatal),
  D_HANDSHAKE: word(2, 20),
  D_CLOSE: word(2, 22),
  D_PROXY: word(2, 24),
  D_ARGV: word(2, 25),
  D_TLS_DEBUG_LOW: word(3, 20),
  D_ROUTE: word(3),
  D_GREMLIN: word(3, 30),
  D_GENKEY: word(3, 31),
  D_TUNTAP_INFO: word(3, 32),
  D_RESTART: word(3, 33),
  D_PUSH: word(3, 34),
  D_IFCONFIG_POOL: word(3, 35),
  D_AUTH: word(3, 37),
  D_MULTI_LOW: word(3, 38),
  D_PLUGIN: word(3, 39),
  D_MANAGEMENT: word(3, 40),
  D_SCHED_EXIT: word(3, 41),
  D_ROUTE_QUOTA: word(3, 42),
  D_OSBUF: word(3, 43),
  D_PS_PROXY: word(3, 44),
  D_MANAGEMENT_DEBUG: word(3, 70, FLAG.debug),
  D_SHOW_PARMS: word(4, 50),
  D_LOW: word(4, 52),
  D_DHCP_OPT: word(4, 53),
  D_MBUF: word(4, 54),
  D_MULTI_DROPPED: word(4, 57),
  D_MULTI_MEDIUM: word(4, 58),
  D_X509_ATTR: word(4, 59),
  D_INIT_MEDIUM: word(4, 60),
  D_MTU_INFO: word(4, 61),
  D_PID_DEBUG_LOW: word(4, 63),
  D_PID_DEBUG_MEDIUM: word(4, 64),
  D_CIPHER_INIT: word(4, 65),
  D_LOG_RW: word(5),
  D_LINK_RW: word(6, 69, FLAG.debug),
  D_TUN_RW: word(6, 69, FLAG.debug),
  D_RTNL: word(6, 68, FLAG.debug),
  /** Keys of others; stock puts the next message on the same line. */
  D_XKEY: word(6, 69, FLAG.debug | FLAG.noNewline),
  D_DEBUG7: word(7, 70, FLAG.debug),
  D_PUSH_DEBUG: word(7, 73, FLAG.debug),
  D_SHOW_OCC: word(7, 74, FLAG.debug),
  D_DEBUG8: word(8, 70, FLAG.debug),
  D_DEBUG9: word(9, 70, FLAG.debug),
} as const satisfies Record<string, number>;

/** The name of a kind. */
export type KindName = keyof typeof KIND;

/** The level (0 to 15) of a message word: shown when it is not above `verb`. */
export function levelOf(messageWord: number): number {
  return messageWord & 15;
}

/** The mute category of a message word. */
export function categoryOf(messageWord: number): number {
  return messageWord >>> 24;
}

/** The letters of `>LOG`: I only for plain level-1 information, then F, N, W, D by bit (facts: logging 3). */
export function flagLetters(messageWord: number): string {
  if (messageWord === KIND.M_INFO) return 'I';
  let letters = '';
  if (messageWord & FLAG.fatal) letters += 'F';
  if (messageWord & FLAG.nonfatal) letters += 'N';
  if (messageWord & FLAG.warn) letters += 'W';
  if (messageWord & FLAG.debug) letters += 'D';
  return letters;
}

/** syslog(3)'s severities, as OpenVPN gives them: error, warning, and notice for all else, debugging too (facts: logging 7). */
export function syslogPriority(messageWord: number): 3 | 4 | 5 {
  if (messageWord & (FLAG.fatal | FLAG.nonfatal | FLAG.usage)) return 3;
  return messageWord & FLAG.warn ? 4 : 5;
}
