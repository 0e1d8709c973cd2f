/** OpenVPN's options: the table, the parser, and rendering. Pure: files come through an injected reader. */
export { DIRECTIVES, SUBJECTS } from './directives.ts';
export type { LexedLine, Source } from './lexer.ts';
export { lexText } from './lexer.ts';
export type { Directive, ParseContext, ParseEvent, Permission, ReadFile } from './parse.ts';
export { OPENVPN_VERSION, parseArguments, parsePushed, parseText } from './parse.ts';
export { renderHelp, renderReference } from './reference.ts';
export { renderDirective, renderLine } from './render.ts';
export type { DirectiveRow, Parameter, ParameterKind, ParameterType, Standing, TakesEffect } from './row.ts';
export { arityOf, usageOf } from './row.ts';
