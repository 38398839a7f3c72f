/**
 * Judges requests and answers of a fake by the vendor's own API description (test/fakes/specs/), so that a fake cannot drift into what we
 * would like the service to be. Where description and service are known to differ, an {@link Exception} says so with its reason.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { Ajv, type ValidateFunction } from 'ajv';

import type { Reply, SeenRequest } from './fake-server.ts';

/** A known difference between description and service. */
export interface Exception {
  readonly reason: string;
  /** Changes the description, once, when it is loaded. */
  readonly amend: (spec: JsonObject) => void;
}

export type JsonObject = Record<string, unknown>;

/** What is wrong, one sentence each; none: it is as described. */
export interface Judge {
  request(request: SeenRequest): readonly string[];
  reply(request: SeenRequest, reply: Reply): readonly string[];
}

/** What references are resolved against: compiled once, however many operations refer to it. */
const SPEC = 'spec';

interface Operation {
  readonly title: string;
  readonly path: RegExp;
  readonly method: string;
  readonly query: ReadonlyMap<string, ValidateFunction>;
  readonly body: ValidateFunction | null;
  readonly isBodyNeeded: boolean;
  readonly replies: ReadonlyMap<string, ValidateFunction>;
}

/** A description out of test/fakes/specs, parsed. */
export function loadSpec(file: string): JsonObject {
  return asObject(JSON.parse(readFileSync(join(import.meta.dirname, 'specs', file), 'utf8')));
}

/** Judges by an OpenAPI 3.0 description. `prefix`: what stands in front of every path. */
export function openJudge(spec: JsonObject, prefix: string, exceptions: readonly Exception[]): Judge {
  for (const { amend } of exceptions) amend(spec);
  const ajv = new Ajv({ strict: false, validateFormats: false, coerceTypes: false });
  const resolve = (value: unknown): JsonObject => {
    const object = asObject(value);
    const reference = object['$ref'];
    return typeof reference === 'string' ? at(spec, ...reference.slice(2).split('/')) : object;
  };
  ajv.addSchema({ $id: SPEC, components: toJsonSchema(spec['components']) });
  const compile = (schema: unknown): ValidateFunction => ajv.compile(toJsonSchema(schema));
  const operations = Object.entries(at(spec, 'paths')).flatMap(([path, methods]) =>
    Object.entries(asObject(methods)).map(([method, described]) =>
      operationOf(prefix + path, method, asObject(described), resolve, compile),
    ),
  );
  const find = ({ method, path }: SeenRequest): Operation | undefined =>
    // `/dns_records/batch` before `/dns_records/{id}`.
    operations
      .filter((one) => one.method === method && one.path.test(path))
      .toSorted((a, b) => a.title.split('{').length - b.title.split('{').length)[0];

  return {
    request(request) {
      const operation = find(request);
      if (operation === undefined) return [`${request.method} ${request.path} is not described`];
      return [...queryFaults(operation, request), ...bodyFaults(operation, request)];
    },
    reply(request, { status, body }) {
      const operation = find(request);
      const schema = operation?.replies.get(String(status)) ?? operation?.replies.get(`${Math.floor(status / 100)}XX`);
      // Errors of the service itself, and of what is not described, have no schema.
      if (operation === undefined || (schema === undefined && status >= 400)) return [];
      if (schema === undefined) return [`${operation.title}: status ${status} is not described`];
      return schema(body) ? [] : [`answer to ${operation.title} ${status}: ${faultsOf(schema)}`];
    },
  };
}

function operationOf(
  path: string,
  method: string,
  described: JsonObject,
  resolve: (value: unknown) => JsonObject,
  compile: (schema: unknown) => ValidateFunction,
): Operation {
  const parameters = list(described['parameters']).map(resolve);
  const body = described['requestBody'] === undefined ? null : resolve(described['requestBody']);
  return {
    title: `${method.toUpperCase()} ${path}`,
    path: new RegExp(`^${path.replaceAll(/\{[^}]+\}/g, '[^/]+')}$`),
    method: method.toUpperCase(),
    query: new Map(
      parameters
        .filter((one) => one['in'] === 'query')
        .map((one) => [String(one['name']), compile(one['schema'])] as const),
    ),
    body: body === null ? null : compile(schemaOf(body)),
    isBodyNeeded: body?.['required'] === true,
    replies: new Map(
      Object.entries(at(described, 'responses')).map(([status, reply]) => [status, compile(schemaOf(resolve(reply)))]),
    ),
  };
}

function queryFaults({ title, query }: Operation, request: SeenRequest): readonly string[] {
  return Object.entries(request.query).flatMap(([name, text]) => {
    const schema = query.get(name);
    if (schema === undefined) return [`${title} has no query parameter ${name}`];
    // In a URL everything is text.
    const readings = [text, ...(/^\d+$/.test(text) ? [Number(text)] : []), ...(text === 'true' ? [true] : [])];
    return readings.some((one) => schema(one)) ? [] : [`${title}?${name}=${text}: ${faultsOf(schema)}`];
  });
}

function bodyFaults({ title, body, isBodyNeeded }: Operation, request: SeenRequest): readonly string[] {
  if (request.body === null) return isBodyNeeded ? [`${title} needs a body`] : [];
  if (body === null) return [`${title} takes no body`];
  return body(request.body) ? [] : [`body of ${title}: ${faultsOf(body)}`];
}

/** Where nothing is described, anything goes. */
function schemaOf(described: JsonObject): JsonObject {
  return described['content'] === undefined
    ? {}
    : asObject(at(described, 'content', 'application/json')['schema'] ?? {});
}

/** OpenAPI 3.0 says `nullable`, and knows numbers as booleans for exclusive bounds; JSON Schema does not. */
function toJsonSchema(value: unknown): JsonObject {
  return asObject(converted(value));
}

function converted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(converted);
  if (!isObject(value)) return value;
  const reference = value['$ref'];
  if (typeof reference === 'string' && reference.startsWith('#')) return { $ref: SPEC + reference };
  const { nullable, discriminator: _, example: _example, ...rest } = value;
  const schema = Object.fromEntries(Object.entries(rest).map(([key, one]) => [key, converted(one)]));
  return nullable === true && typeof schema['type'] === 'string'
    ? { ...schema, type: [schema['type'], 'null'] }
    : schema;
}

function faultsOf({ errors }: ValidateFunction): string {
  return (errors ?? []).map(({ instancePath, message }) => `${instancePath} ${message ?? ''}`.trim()).join('; ');
}

/** The object at a path of keys; `~1` is a slash, as in a JSON Pointer. */
export function at(object: JsonObject, ...keys: readonly string[]): JsonObject {
  let here = object;
  for (const key of keys) here = asObject(here[key.replaceAll('~1', '/')]);
  return here;
}

function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function asObject(value: unknown): JsonObject {
  if (!isObject(value)) throw new Error(`no object where the description needs one: ${JSON.stringify(value)}`);
  return value;
}
