/** Google describes its APIs in discovery documents. This turns one into the OpenAPI form that the judge reads. Pure. */
import { asObject, at, type JsonObject } from './openapi.ts';

/**
 * Paths, query parameters, bodies and answers of all methods. Properties that are not described are refused: Google answers such a request with
 * an error, and a misspelled field must not pass here.
 */
export function openApiOf(discovery: JsonObject): JsonObject {
  const paths: Record<string, Record<string, unknown>> = {};
  for (const resource of Object.values(at(discovery, 'resources'))) {
    for (const method of Object.values(at(asObject(resource), 'methods')).map(asObject)) {
      const path = `/${String(method['path'])}`;
      paths[path] = { ...paths[path], [String(method['httpMethod']).toLowerCase()]: operationOf(method) };
    }
  }
  const schemas = Object.entries(at(discovery, 'schemas')).map(([name, one]) => [name, schemaOf(one)] as const);
  return { paths, components: { schemas: Object.fromEntries(schemas) } };
}

function operationOf({ parameters, request, response }: JsonObject): JsonObject {
  const query = Object.entries(asObject(parameters ?? {}))
    .map(([name, one]) => ({ name, ...asObject(one) }))
    .filter((one) => 'location' in one && one.location === 'query')
    .map((one) => ({ name: one.name, in: 'query', schema: { type: 'type' in one ? one.type : 'string' } }));
  return {
    parameters: query,
    ...(request === undefined ? {} : { requestBody: { required: true, content: json(request) } }),
    responses: { 200: { content: json(response) } },
  };
}

function json(reference: unknown): JsonObject {
  return { 'application/json': { schema: schemaOf(reference) } };
}

function schemaOf(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(schemaOf);
  if (typeof value !== 'object' || value === null) return value;
  const schema = asObject(value);
  if (typeof schema['$ref'] === 'string') return { $ref: `#/components/schemas/${schema['$ref']}` };
  // `id` is the schema's own name; in JSON Schema it would be its address.
  const { id: _, format: _format, default: _default, readOnly: _readOnly, properties, ...rest } = schema;
  const converted = Object.fromEntries(Object.entries(rest).map(([key, one]) => [key, schemaOf(one)]));
  if (properties === undefined) return converted;
  const described = Object.entries(asObject(properties)).map(([name, one]) => [name, schemaOf(one)] as const);
  return { ...converted, properties: Object.fromEntries(described), additionalProperties: false };
}
