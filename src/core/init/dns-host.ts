/** Floor 0. Which provider type the name servers of a zone suggest: a guess for the YAML that `init` writes, for a person to confirm. */

const byNameServer: readonly (readonly [pattern: RegExp, yaml: string])[] = [
  [/\.ns\.cloudflare\.com$/, '{ type: cloudflare, apiToken: "${env:CLOUDFLARE_API_TOKEN}" }'],
  [/^ns-cloud-[a-e]\d\.googledomains\.com$/, '{ type: google, project: PROJECT }'],
  [/\.awsdns-\d+\.(?:com|net|org|co\.uk)$/, '{ type: route53 }'],
  [/\.azure-dns\.(?:com|net|org|info)$/, '{ type: azure, subscriptionId: ID, resourceGroup: GROUP }'],
];

/** Every kind there is, for a zone whose name servers say nothing. */
export const providerExamples: readonly string[] = [
  '{ type: zonefile, directory: ./zones }',
  '{ type: rfc2136, server: ns1.example.com, keyFile: ./tsig.key }',
  ...byNameServer.map(([, yaml]) => yaml),
];

/** The entry that goes with these name servers; null: none of the known ones. */
export function suggestProvider(nameServers: readonly string[]): string | null {
  return byNameServer.find(([pattern]) => nameServers.some((one) => pattern.test(one)))?.[1] ?? null;
}
