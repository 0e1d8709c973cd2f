import { isMap, isScalar, isSeq, type Node } from 'yaml';
import type { Site } from './site.ts';

/**
 * What a configuration is made of: fields that read a node of YAML, say with its line what is wrong and what would be right, and
 * describe themselves as JSON Schema. The type of a configuration follows from its fields.
 */
export interface Field<T> {
  /** Undefined when it was wrong, which was said then. */
  read(node: Node | undefined, site: Site): T | undefined;
  readonly schema: JsonSchema;
}

/** A field that must be there. */
export interface Required<T> extends Field<T> {
  readonly required: true;
}

/** JSON Schema, as far as it is needed. */
export interface JsonSchema {
  readonly [key: string]: unknown;
}

/** What a field reads. */
export type Read<F> = F extends Field<infer T> ? T : never;

/** What a map of fields reads: what is not required may be missing. */
export type ReadMap<M extends Fields> = {
  readonly [K in keyof M]: M[K] extends Required<unknown> ? Read<M[K]> : Read<M[K]> | undefined;
};

/** The fields of a map by their keys. */
export type Fields = Readonly<Record<string, Field<unknown>>>;

const MAX_TEXT = 4096;
const MAX_ITEMS = 10_000;

/** Marks a field that must be there. */
export function required<T>(field: Field<T>): Required<T> {
  return { ...field, required: true };
}

/** The same with a sentence about it, for editors and the reference page. */
export function described<F extends Field<unknown>>(field: F, description: string): F {
  return { ...field, schema: { ...field.schema, description } };
}

/** Text as it stands; a number is taken for its digits. `${NAME}` stands for a variable of the environment. */
export function text(what: string): Field<string> {
  return {
    schema: { type: ['string', 'number'] },
    read(node, site) {
      if (!isScalar(node) || node.value === null || node.value === '') return site.wrong(node, what);
      const written = typeof node.value === 'string' ? node.value : (node.source ?? '');
      if (written.length > MAX_TEXT) return site.wrong(node, `${what} of at most ${MAX_TEXT} characters`);
      return site.expand(written, node);
    },
  };
}

/** Text that `convert` makes something of; undefined says that it is not `what`. */
export function textAs<T>(what: string, convert: (text: string) => T | undefined): Field<T> {
  const field = text(what);
  return {
    schema: field.schema,
    read(node, site) {
      const read = field.read(node, site);
      if (read === undefined) return undefined;
      return convert(read) ?? site.wrong(node, what);
    },
  };
}

/** A whole number within bounds, both included. */
export function integer(min: number, max: number): Field<number> {
  return {
    schema: { type: 'integer', minimum: min, maximum: max },
    read(node, site) {
      const value = isScalar(node) ? node.value : undefined;
      if (typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max) return value;
      return site.wrong(node, `a whole number from ${min} to ${max}`);
    },
  };
}

/** A share of a whole: 0 to 1. */
export function share(): Field<number> {
  return {
    schema: { type: 'number', minimum: 0, maximum: 1 },
    read(node, site) {
      const value = isScalar(node) ? node.value : undefined;
      return typeof value === 'number' && value >= 0 && value <= 1 ? value : site.wrong(node, 'a number from 0 to 1');
    },
  };
}

/** `true` or `false`. */
export function flag(): Field<boolean> {
  return {
    schema: { type: 'boolean' },
    read(node, site) {
      const value = isScalar(node) ? node.value : undefined;
      return typeof value === 'boolean' ? value : site.wrong(node, 'true or false');
    },
  };
}

/** One of some words. */
export function oneOf<const W extends string>(...words: readonly W[]): Field<W> {
  return {
    schema: { enum: words },
    read(node, site) {
      // YAML has `off` and its kin for words, and older readers for false.
      const value = isScalar(node) ? (node.source ?? node.value) : undefined;
      return words.find((word) => word === value) ?? site.wrong(node, `one of ${words.join(', ')}`);
    },
  };
}

/** A list; `one` takes a single thing for a list of one. */
export function list<T>(item: Field<T>, how: { readonly one?: boolean } = {}): Field<readonly T[]> {
  const many = { type: 'array', items: item.schema };
  return {
    schema: how.one === true ? { anyOf: [item.schema, many] } : many,
    read(node, site) {
      if (!isSeq(node)) {
        if (how.one !== true) return site.wrong(node, 'a list');
        const only = item.read(node, site);
        return only === undefined ? undefined : [only];
      }
      if (node.items.length > MAX_ITEMS) return site.wrong(node, `a list of at most ${MAX_ITEMS}`);
      const read = node.items.map((each, index) => item.read(site.follow(each), site.at(`[${index}]`)));
      return read.filter((each): each is NonNullable<typeof each> => each !== undefined);
    },
  };
}

/** A map with these keys and no others. */
export function map<const M extends Fields>(fields: M): Field<ReadMap<M>> {
  const requiredKeys = Object.keys(fields).filter((key) => isRequired(fields[key]));
  return {
    schema: {
      type: 'object',
      properties: Object.fromEntries(Object.entries(fields).map(([key, { schema }]) => [key, schema])),
      ...(requiredKeys.length === 0 ? {} : { required: requiredKeys }),
      additionalProperties: false,
    },
    read(node, site) {
      if (!isMap(node)) return site.wrong(node, `a map of ${Object.keys(fields).join(', ')}`);
      const values: Record<string, unknown> = {};
      let sound = true;
      for (const { key, value } of node.items) {
        const name = isScalar(key) ? String(key.value) : '';
        const field = Object.hasOwn(fields, name) ? fields[name] : undefined;
        if (field === undefined) {
          site.at(name).unknown(isScalar(key) ? key : node, Object.keys(fields));
          sound = false;
          continue;
        }
        const read = field.read(site.follow(value) ?? (isScalar(key) ? key : undefined), site.at(name));
        if (read === undefined) sound = false;
        values[name] = read;
      }
      for (const key of requiredKeys) {
        if (key in values) continue;
        site.missing(node, key);
        sound = false;
      }
      return sound ? shaped(fields, values) : undefined;
    },
  };
}

/** Takes something shorter for the map that it stands for. */
export function shortOr<T>(short: Field<T>, long: Field<T>): Field<T> {
  return {
    schema: { anyOf: [short.schema, long.schema] },
    read: (node, site) => (isMap(node) ? long.read(node, site) : short.read(node, site)),
  };
}

/** Makes something else of what a field read. */
export function made<A, B>(field: Field<A>, make: (value: A, site: Site, node: Node | undefined) => B | undefined): Field<B> {
  return {
    schema: field.schema,
    read(node, site) {
      const read = field.read(node, site);
      return read === undefined ? undefined : make(read, site, node);
    },
  };
}

function isRequired(field: Field<unknown> | undefined): boolean {
  return field !== undefined && 'required' in field;
}

/** Each value was read by the field of its key, and required ones are there. */
function shaped<M extends Fields>(_fields: M, values: Readonly<Record<string, unknown>>): ReadMap<M> {
  return values as ReadMap<M>;
}
