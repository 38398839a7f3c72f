/** Floor 0. `providers:` as the descriptors of the provider types define it. */
import { parsed, type Parsed } from '../result.ts';
import { parseServer } from './addresses.ts';
import type { OptionSpec, ProviderDescriptor } from './descriptor.ts';
import type { OptionValue } from './model.ts';
import { choice, flag, parsedText, path, type Reader, text, transform } from './readers.ts';
import { byType, type Fields, object, type Values } from './readers-composed.ts';
import { secretText } from './secret-text.ts';

/** A provider before it has its name and place. */
export interface ProviderOptions {
  readonly type: string;
  readonly options: { readonly [name: string]: OptionValue };
}

/** Reads one provider of any of the types. */
export function providerReader(descriptors: readonly ProviderDescriptor[]): Reader<ProviderOptions> {
  const variants = descriptors.map((descriptor) => [descriptor.type, variantReader(descriptor)] as const);
  return byType('a provider', Object.fromEntries(variants));
}

function variantReader(descriptor: ProviderDescriptor): Reader<ProviderOptions> {
  const fields = {
    type: { reader: choice([descriptor.type]), about: `${descriptor.title}: ${descriptor.documentation}` },
    ...optionFields(descriptor.options),
  };
  const reader = object<Fields>(fields, {
    what: `a provider of type ${descriptor.type}`,
    required: ['type', ...requiredNames(descriptor.options)],
    exactlyOneOf: descriptor.exactlyOneOf,
  });
  return transform(reader, (values) => {
    const options = optionValues(descriptor.options, values);
    return options === undefined ? undefined : { type: descriptor.type, options };
  });
}

function optionFields(options: readonly OptionSpec[]): Record<string, { reader: Reader<OptionValue>; about: string }> {
  const fields = options.map(
    (option) => [option.name, { reader: optionReader(option), about: option.description }] as const,
  );
  return Object.fromEntries(fields);
}

function optionReader({ name, kind }: OptionSpec): Reader<OptionValue> {
  switch (kind) {
    case 'text':
      return text('text');
    case 'command':
      return text('a command');
    case 'path':
      return path();
    case 'url':
      return parsedText('a URL', parseUrl);
    case 'host-port':
      return parsedText('HOST or HOST:PORT', parseServer);
    case 'flag':
      return flag();
    case 'secret':
      return secretText();
    default:
      return groupReader(name, kind.group);
  }
}

function groupReader(name: string, options: readonly OptionSpec[]): Reader<OptionValue> {
  const reader = object<Fields>(optionFields(options), { what: `\`${name}\``, required: requiredNames(options) });
  return transform(reader, (values) => optionValues(options, values));
}

function requiredNames(options: readonly OptionSpec[]): readonly string[] {
  return options.filter((option) => option.isRequired).map((option) => option.name);
}

/** The options that were given; undefined when one is faulty or missing, which has been reported. */
function optionValues(options: readonly OptionSpec[], values: Values<Fields>): Record<string, OptionValue> | undefined {
  const found: Record<string, OptionValue> = {};
  for (const { name, isRequired } of options) {
    const value = values[name]?.value;
    if (isOptionValue(value)) found[name] = value;
    else if (isRequired || values[name] !== undefined) return undefined;
  }
  return found;
}

/** The readers above give nothing else; this says so to the compiler. */
function isOptionValue(value: unknown): value is OptionValue {
  return typeof value === 'string' || typeof value === 'boolean' || (typeof value === 'object' && value !== null);
}

function parseUrl(value: string): Parsed<string> {
  const url = URL.parse(value);
  if (url !== null && (url.protocol === 'https:' || url.protocol === 'http:') && url.password === '')
    return parsed(value);
  const message =
    url !== null && url.password !== ''
      ? 'the URL holds a password'
      : `"${value.slice(0, 60)}" is not an http or https URL`;
  return { ok: false, issues: [{ code: 'BAD_URL', message, hint: 'write "https://api.example.net/v1"' }] };
}
