/** Floor 0. The two names that only the YAML has: a policy domain, and the owner name that `idRecord` states. */
import { type HostName, parseHostName } from '../names.ts';
import { failed, parsed, type Parsed } from '../result.ts';

const UNDERSCORE_LABEL = /^_[a-z0-9_-]{0,61}[a-z0-9]$/;

/** Reads a policy domain: a host name of at least two labels. Issues: `BAD_NAME`, `IP_ADDRESS`. */
export function parsePolicyDomain(text: string): Parsed<HostName> {
  const name = parseHostName(text);
  if (name.ok && !name.value.includes('.')) {
    return failed('BAD_NAME', `"${text}" has one label; a policy domain has at least two`, {
      hint: 'write the whole domain, as in an address: example.com',
    });
  }
  return name;
}

/** Reads an owner name whose left-most labels may begin with an underscore: `_mta-sts.example.net`. Issue: `BAD_NAME`. */
export function parseOwnerName(text: string): Parsed<string> {
  const labels = text.replace(/\.$/, '').split('.');
  const firstPlain = labels.findIndex((label) => !label.startsWith('_'));
  const special = labels.slice(0, firstPlain).map((label) => label.toLowerCase());
  const rest = firstPlain === -1 ? null : parseHostName(labels.slice(firstPlain).join('.'));
  const isGood = rest?.ok === true && special.every((label) => UNDERSCORE_LABEL.test(label));
  const name = isGood ? [...special, rest.value].join('.') : '';
  return isGood && name.length <= 253
    ? parsed(name)
    : failed('BAD_NAME', `"${text}" is not an owner name`, { hint: 'write a whole name: _mta-sts.example.net' });
}
