/** docs/providers.md is what the descriptors say, and its examples are configs. `npm run docs:providers` writes it anew. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { descriptors } from '../../providers/registry.ts';
import { parseConfig } from '../../src/core/config/parse-config.ts';
import { blocksOf, root } from './markdown.ts';
import { providersMarkdown } from './providers-markdown.ts';

const REST = `
publisher: { type: directory, directory: ./www, hostname: policies.example.net }
defaults: { provider: main }
domains: { example.com: { mx: [mx1.example.com] } }
`;

describe('docs/providers.md', () => {
  it('is what the descriptors say; `npm run docs:providers` writes it there', async () => {
    await expect(providersMarkdown(descriptors)).toMatchFileSnapshot(join(root, 'docs', 'providers.md'));
  });

  it('changes with every descriptor', () => {
    for (const one of descriptors) {
      const others = descriptors.map((other) => (other === one ? { ...one, limits: ['another'] } : other));
      expect(providersMarkdown(others)).not.toBe(providersMarkdown(descriptors));
    }
  });

  it('shows for each type a config without faults', () => {
    const examples = blocksOf(providersMarkdown(descriptors)).filter(({ language }) => language === 'yaml');
    expect(examples).toHaveLength(descriptors.length);
    for (const { text } of examples) {
      const yaml = new TextEncoder().encode(`version: 1\n${text}${REST}`);
      const parsed = parseConfig([{ file: 'domains.yaml', directory: '/etc/stsync', text: yaml }], {
        descriptors,
        secrets: { env: () => 'c2VjcmV0', file: () => 'c2VjcmV0' },
        resolvePath: (directory, path) => join(directory, path),
      });
      expect([text, parsed.ok ? [] : parsed.faults]).toEqual([text, []]);
    }
  });

  it('has in the role to copy every permission that the code asks for', () => {
    const source = readFileSync(join(root, 'providers', 'google', 'faults.ts'), 'utf8');
    const asked = new Set([...source.matchAll(/'(dns\.\w+\.\w+)'/g)].map(([, permission]) => permission ?? ''));
    const role = descriptors.find(({ type }) => type === 'google')?.role?.text ?? '';
    expect(asked.size).toBe(4);
    expect([...asked].filter((permission) => !role.includes(permission))).toEqual([]);
  });
});
