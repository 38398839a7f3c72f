/** Floor 4. `stsync reports weekly`: what a contact would get now. Sends nothing, and makes no link. */
import type { DomainConfig } from '../../core/config/model.ts';
import { StsyncError } from '../../core/error.ts';
import { weeksBefore } from '../../core/owners/week.ts';
import { weeklyMail } from '../../core/owners/weekly-mail.ts';
import { lookAtState } from '../../effects/look-at-state.ts';
import { noFleet } from '../../services/daemon/fleet-state.ts';
import { domainsByContact, ownedDomain } from '../../services/owners/owned-domains.ts';
import { loadOrReport } from '../load.ts';
import { print } from '../output.ts';
import type { WeeklyOptions } from '../program-reports.ts';
import { statePathOf } from '../wiring.ts';

/** Without a contact: who gets a mail, about how many domains. */
export async function runReportsWeekly(
  address: string | undefined,
  { format, ...options }: WeeklyOptions,
): Promise<number> {
  const config = loadOrReport(options);
  if (config === null) return 1;
  const byContact = domainsByContact(config.domains);
  if (address === undefined) {
    await print(listText(byContact));
    return 0;
  }
  const contact = address.replace(/^mailto:/i, '');
  const domains = byContact.get(contact);
  if (domains === undefined) {
    throw new StsyncError('USAGE', `no domain has the contact ${contact}`, {
      hint: '`stsync reports weekly` lists all contacts',
    });
  }
  const now = new Date();
  const facts = lookAtState(statePathOf(config), (view) => {
    const state = { ...noFleet, known: view.store.domainStates() };
    return domains.map((one) => ownedDomain(one, view, { state, link: null, now }));
  });
  const known = facts ?? domains.map((one) => ownedDomain(one, null, { state: noFleet, link: null, now }));
  const { subject, text, html } = weeklyMail(known, weeksBefore(now).week);
  await print(format === 'html' ? html : `Subject: ${subject}\n\n${text}`);
  return 0;
}

function listText(byContact: ReadonlyMap<string, readonly DomainConfig[]>): string {
  if (byContact.size === 0) return 'no domain has `contacts`\n';
  return [...byContact]
    .map(([contact, { length }]) => `${contact}  ${length} ${length === 1 ? 'domain' : 'domains'}\n`)
    .toSorted()
    .join('');
}
