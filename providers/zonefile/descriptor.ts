/** What the provider `zonefile` is, as data. */
import type { ProviderDescriptor } from '../../src/provider.ts';

export const descriptor: ProviderDescriptor = {
  type: 'zonefile',
  title: 'Zone files in a directory (BIND, Knot, NSD, PowerDNS bind backend)',
  options: [
    {
      name: 'directory',
      kind: 'path',
      isRequired: true,
      description: 'Where `<zone>.zone`, or else `<zone>.db`, stands for each zone',
    },
    {
      name: 'check',
      kind: 'command',
      isRequired: false,
      description:
        'Run on the new text before it replaces the zone file, with STSYNC_ZONE and STSYNC_FILE set; it changes nothing when it fails: named-checkzone "$STSYNC_ZONE" "$STSYNC_FILE"',
    },
    {
      name: 'reload',
      kind: 'command',
      isRequired: false,
      description:
        'Run after the zone file was replaced, with STSYNC_ZONE and STSYNC_FILE set: rndc reload "$STSYNC_ZONE"',
    },
  ],
  exactlyOneOf: [],
  leastPrivilege:
    'Read and write for the zone files, write for their directory (temp file, lock file, rename), and what the `reload` command needs. The group of a zone file is kept, so the user of stsync has to be in it.',
  limits: [
    'The SOA has to stand in the zone file itself; records in $INCLUDE files are read and never edited.',
    'A zone with a journal beside it (dynamic updates) or with signatures in the file is refused for writing.',
    'Records that $GENERATE makes are not read; a name that one may make is an error.',
    'Wildcards are not expanded: a record is read at the name where it stands.',
  ],
  documentation: 'https://www.rfc-editor.org/rfc/rfc1035#section-5',
  isBuilt: true,
};
