/** How the fake of Cloudflare is judged: the official description, and every place where the live service is known to differ from it. */
import { asObject, at, loadSpec, openJudge, type Exception, type Judge, type JsonObject } from './openapi.ts';

const exceptions: readonly Exception[] = [
  {
    reason: 'DELETE of a record requires a body by the description; the official SDK 7.3.0 sends none, and it works',
    amend: (spec) => {
      const operation = at(spec, 'paths', '/zones/{zone_id}/dns_records/{dns_record_id}', 'delete');
      asObject(operation['requestBody'])['required'] = false;
    },
  },
  {
    reason:
      'comment is a string by the description; in the sample answers of the official docs it is null where there is none',
    amend: (spec) => void (schema(spec, 'dns-records_comment')['nullable'] = true),
  },
  {
    reason:
      'the answer to a batch has an array for each kind by the description; null for an empty one is seen and accepted by the SDK',
    amend: (spec) => {
      const properties = at(schema(spec, 'dns-records_dns-response-batch-object'), 'properties');
      for (const one of Object.values(properties)) asObject(one)['nullable'] = true;
    },
  },
  {
    reason: 'the answer to DELETE of a record has no description for 4XX with a null result in every version',
    amend: (spec) => {
      const operation = at(spec, 'paths', '/zones/{zone_id}/dns_records/{dns_record_id}', 'delete');
      delete at(operation, 'responses')['4XX'];
    },
  },
  {
    reason:
      'failures of lists and single records are described as success and failure at once (allOf of both), which nothing can be',
    amend: (spec) => {
      for (const methods of Object.values(at(spec, 'paths')))
        for (const operation of Object.values(asObject(methods))) keepFailureOnly(asObject(operation));
    },
  },
];

function keepFailureOnly(operation: JsonObject): void {
  const reply = at(operation, 'responses')['4XX'];
  if (reply === undefined) return;
  const media = at(asObject(reply), 'content', 'application/json');
  const parts = asObject(media['schema'])['allOf'];
  if (!Array.isArray(parts)) return;
  const failure = parts.filter((one) => String(asObject(one)['$ref']).endsWith('-failure'));
  media['schema'] = { allOf: failure };
}

function schema(spec: JsonObject, name: string): JsonObject {
  return at(spec, 'components', 'schemas', name);
}

let loaded: Judge | null = null;

/** Loaded once for all fakes of a process. */
export function cloudflareJudge(): Judge {
  loaded ??= openJudge(loadSpec('cloudflare-dns.openapi.json'), '/client/v4', exceptions);
  return loaded;
}
