/** What `readIntake` makes of bytes, in short, in a world of two domains of ours and no DNS. */
import { type Found, type IntakeWorld, readIntake } from '../../../src/services/reports/read-intake.ts';
import type { Way } from '../../../src/core/reports/model.ts';

const world: IntakeWorld = {
  rules: { acceptUnsigned: true, isStrict: false },
  lookUpKey: async () => ({ kind: 'records', records: [] }),
  isOurs: (domain) => domain === 'example.com' || domain === 'mx1.example.com',
  now: () => new Date('2026-09-08T06:00:00Z'),
};

export async function takeBy(way: Way, bytes: Uint8Array, rest: Partial<IntakeWorld> = {}): Promise<readonly Found[]> {
  return readIntake('in/a', bytes, { ...world, ...rest }, way);
}

/** `unsigned example.com`, `quarantined NOT_OUR_DOMAIN`, `again`. */
export function shortly(found: readonly Found[]): readonly string[] {
  return found.map((one) => {
    if (one.kind === 'again') return 'again';
    if (one.kind === 'set-aside') return `${one.item.state} ${one.item.code}`;
    return `${one.report.verdict} ${one.report.domain}`;
  });
}

/** What a report says, whatever it came in. */
export function contents(found: readonly Found[]): readonly unknown[] {
  return found.flatMap((one) => {
    if (one.kind !== 'keep') return [];
    const { organizationName, contactInfo, reportId, dateRange, domain, policies } = one.report;
    return [{ organizationName, contactInfo, reportId, dateRange, domain, policies }];
  });
}
