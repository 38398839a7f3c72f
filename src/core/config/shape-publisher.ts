/** Floor 0. `publisher:`, at the top level and on a domain, in a profile or in the defaults. */
import type { PublisherConfig } from './model.ts';
import { hostFields, hostRule, hostTarget, isFaulty, SPREAD_BEHIND_OTHERS_SECONDS } from './publisher-host.ts';
import { choice, path, type Reader, transform } from './readers.ts';
import { byType, named, object } from './readers-composed.ts';
import { server } from './shape-server.ts';

const directory = transform(
  object(
    {
      type: { reader: choice(['directory']), about: 'Policy files in a directory that any web server serves.' },
      directory: { reader: path(), about: 'Policies are written to DIRECTORY/<policy host>/.well-known/mta-sts.txt.' },
      proof: {
        reader: choice(['https', 'file']),
        about:
          'https: fetch the policy as a sender does (default). file: read the file back; nothing proves that it is served.',
      },
      ...hostFields,
    },
    { what: 'a publisher of type directory', required: ['type', 'directory'], exactlyOneOf: hostRule },
  ),
  ({ directory: place, proof, spread, ...host }): PublisherConfig | undefined => {
    const target = hostTarget(host);
    if (place?.value === undefined || target === undefined || isFaulty(proof) || isFaulty(spread)) return undefined;
    return {
      type: 'directory',
      directory: place.value,
      target,
      proof: proof?.value ?? 'https',
      spreadSeconds: spread?.value ?? 0,
    };
  },
);

const external = transform(
  object(
    {
      type: { reader: choice(['external']), about: 'Somebody else serves the policies; stsync looks.' },
      ...hostFields,
    },
    { what: 'a publisher of type external', required: ['type'], exactlyOneOf: hostRule },
  ),
  ({ spread, ...host }): PublisherConfig | undefined => {
    const target = hostTarget(host);
    if (target === undefined || isFaulty(spread)) return undefined;
    return { type: 'external', target, proof: 'https', spreadSeconds: spread?.value ?? SPREAD_BEHIND_OTHERS_SECONDS };
  },
);

/** Reads a publisher; see DESIGN section 4. */
export const publisherReader: Reader<PublisherConfig> = named(
  'publisher',
  byType<PublisherConfig>('a publisher', { directory, external, server }),
);
