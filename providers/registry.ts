/** Every provider type by name. Descriptors are data and always there; the code of a provider is loaded when the config asks for it. */
import type { OpenProvider, ProviderDescriptor } from '../src/provider.ts';
import { announced } from './announced.ts';
import { descriptor as cloudflare } from './cloudflare/descriptor.ts';
import { descriptor as google } from './google/descriptor.ts';
import { descriptor as memory } from './memory/descriptor.ts';
import { descriptor as rfc2136 } from './rfc2136/descriptor.ts';
import { descriptor as zonefile } from './zonefile/descriptor.ts';

/** All types that the config understands, in the order in which help and docs list them. */
export const descriptors: readonly ProviderDescriptor[] = [zonefile, rfc2136, cloudflare, google, ...announced, memory];

/** Types whose code is here. */
export type BuiltType = 'cloudflare' | 'google' | 'memory' | 'rfc2136' | 'zonefile';

/** Loads the code of a built type. `const { open } = await openers.zonefile()`. */
export const openers: Readonly<Record<BuiltType, () => Promise<{ readonly open: OpenProvider }>>> = {
  cloudflare: () => import('./cloudflare/provider.ts'),
  google: () => import('./google/provider.ts'),
  memory: () => import('./memory/provider.ts'),
  rfc2136: () => import('./rfc2136/provider.ts'),
  zonefile: () => import('./zonefile/provider.ts'),
};

/** Is this type built? The others are understood by the config only. */
export function isBuiltType(type: string): type is BuiltType {
  return Object.hasOwn(openers, type);
}
