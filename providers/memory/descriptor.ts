/** What the provider `memory` is, as data. */
import type { ProviderDescriptor } from '../../src/provider.ts';

export const descriptor: ProviderDescriptor = {
  type: 'memory',
  title: 'Memory (for tests and trials; forgets everything at exit)',
  options: [],
  exactlyOneOf: [],
  leastPrivilege: 'None: it touches nothing outside the process.',
  limits: ['Holds every name, starts empty and forgets all records when the process ends; no name server sees them.'],
  documentation: 'https://www.rfc-editor.org/rfc/rfc2181#section-5',
  isBuilt: true,
};
