/** Floor 0. What the weekly mail says below its domains, as text and as HTML alike. */
import type { WeeklyView } from './weekly-view.ts';

export function restWords({ rest }: Pick<WeeklyView, 'rest'>): string {
  const troubled = rest.troubled === 0 ? 'all well' : `${rest.troubled} of them with something to know`;
  return `And ${rest.domains} more ${rest.domains === 1 ? 'domain' : 'domains'}, ${troubled}.`;
}

export function footWords({ hasLinks }: Pick<WeeklyView, 'hasLinks'>): readonly string[] {
  return [
    'A session is one connection over which a mail server of the reporting side sent, or tried to send, mail to you (RFC 8460).',
    'You get this once a week because your address stands as a contact of what is listed here; to change that, answer this mail.',
    ...(hasLinks ? ['Who has the link to a page may read it, for 35 days; it shows that one domain.'] : []),
  ];
}
