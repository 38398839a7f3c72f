/**
 * Providers whose config is understood now and which are built in later releases: `validate` reads their options, `sync` says what is not
 * there yet. Each moves into a folder of its own (`providers/<type>/descriptor.ts`) when it is built.
 */
import type { OptionSpec, ProviderDescriptor } from '../src/provider.ts';

/** An option that has to be given. */
function needed(name: string, kind: OptionSpec['kind'], description: string, environment?: string): OptionSpec {
  return { name, kind, isRequired: true, description, ...(environment === undefined ? {} : { environment }) };
}

/** An option that may be left out. */
function optional(name: string, kind: OptionSpec['kind'], description: string, environment?: string): OptionSpec {
  return { name, kind, isRequired: false, description, ...(environment === undefined ? {} : { environment }) };
}

const powerdns: ProviderDescriptor = {
  type: 'powerdns',
  title: 'PowerDNS Authoritative, HTTP API',
  options: [
    needed('apiUrl', 'url', 'Address of the API: http://127.0.0.1:8081', 'PDNS_API_URL'),
    needed('apiKey', 'secret', 'API key of the server', 'PDNS_API_KEY'),
    optional('server', 'text', 'Name of the server (default localhost)', 'PDNS_SERVER_NAME'),
  ],
  exactlyOneOf: [],
  leastPrivilege:
    'None to be had: one API key may do everything. A proxy in front, or rfc2136 with a TSIG key, is tighter.',
  limits: [
    'No precondition on a change: a record that somebody else changes at the same moment can be lost (4.7, 2026).',
    'Secondary zones are refused.',
  ],
  documentation: 'https://doc.powerdns.com/authoritative/http-api/',
  isBuilt: false,
};

const route53: ProviderDescriptor = {
  type: 'route53',
  title: 'Amazon Route 53',
  options: [
    optional('region', 'text', 'Region for signing (default us-east-1)', 'AWS_REGION'),
    optional('endpoint', 'url', 'Another address of the API, for tests', 'AWS_ENDPOINT_URL_ROUTE_53'),
    optional('hostedZoneId', 'text', 'The zone, where two public zones have one name', 'AWS_HOSTED_ZONE_ID'),
  ],
  exactlyOneOf: [],
  leastPrivilege:
    'route53:ListHostedZonesByName, GetChange, ListResourceRecordSets, and ChangeResourceRecordSets on the hosted zone, with the conditions route53:ChangeResourceRecordSetsNormalizedRecordNames, RecordTypes and Actions for the three names. Credentials come from the usual AWS chain.',
  limits: [
    '5 API requests a second for the whole account (2026).',
    'One change of a zone at a time; 1,000 records and 32,000 characters in one request (2026).',
    'Weighted, failover and alias records are reported and never touched.',
  ],
  documentation: 'https://docs.aws.amazon.com/Route53/latest/APIReference/Welcome.html',
  isBuilt: false,
};

const azure: ProviderDescriptor = {
  type: 'azure',
  title: 'Azure DNS',
  options: [
    needed('subscriptionId', 'text', 'ID of the subscription', 'AZURE_SUBSCRIPTION_ID'),
    optional(
      'resourceGroup',
      'text',
      'Resource group, where zones of one name stand in several',
      'AZURE_RESOURCE_GROUP',
    ),
  ],
  exactlyOneOf: [],
  leastPrivilege:
    'DNS Zone Contributor on the zone, or a custom role with read on zones and read, write and delete on the record sets; Azure can narrow it to single record sets. Credentials come from the usual Azure chain.',
  limits: [
    'One record set a call, so a change of two sets is not atomic (2026).',
    'TXT of at most 4,096 characters a record, 10,000 record sets a zone (2026).',
  ],
  documentation: 'https://learn.microsoft.com/rest/api/dns/',
  isBuilt: false,
};

const webhook: ProviderDescriptor = {
  type: 'webhook',
  title: 'external-dns webhook',
  options: [needed('url', 'url', 'Address of the webhook: http://127.0.0.1:8888')],
  exactlyOneOf: [],
  leastPrivilege:
    'Those of the webhook. The protocol has neither login nor TLS, so it belongs on loopback or into a sidecar.',
  limits: [
    'Not atomic, without preconditions and without a result for each record: everything is read again after a change.',
    'All records of all zones come in one answer of at most 32 MiB, about 60,000 records.',
  ],
  documentation: 'https://kubernetes-sigs.github.io/external-dns/latest/docs/tutorials/webhook-provider/',
  isBuilt: false,
};

const exec: ProviderDescriptor = {
  type: 'exec',
  title: 'A command of your own',
  options: [needed('command', 'command', 'Run for each read and each change, with JSON on standard input and output')],
  exactlyOneOf: [],
  leastPrivilege: 'Those of the command; it runs as the user of stsync.',
  limits: ['What is atomic and what is compared before a write is up to the command.'],
  documentation: 'https://www.rfc-editor.org/rfc/rfc8259',
  isBuilt: false,
};

/** In the order in which help and docs list them. */
export const announced: readonly ProviderDescriptor[] = [powerdns, route53, azure, webhook, exec];
