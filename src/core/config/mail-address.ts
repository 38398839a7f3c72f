/** Floor 0. Mail addresses as the YAML has them. */
import { parseHostName } from '../names.ts';
import { failed, parsed, type Parsed } from '../result.ts';

/** Reads `local@host`, as SMTP takes it without quoting (RFC 5321 section 4.1.2, dot-string); the host comes back in A-labels. Issue: `BAD_VALUE`. */
export function parseMailAddress(value: string): Parsed<string> {
  const [, local, host] = /^([^@]{1,64})@([^@]+)$/.exec(value) ?? [];
  const isLocalGood = local !== undefined && /^[\w!#$%&'*+/=?^`{|}~-]+(?:\.[\w!#$%&'*+/=?^`{|}~-]+)*$/.test(local);
  const name = host === undefined ? null : parseHostName(host);
  return isLocalGood && name?.ok === true
    ? parsed(`${local}@${name.value}`)
    : failed('BAD_VALUE', `"${value.slice(0, 100)}" is no mail address`, { hint: 'write "ops@example.com"' });
}
