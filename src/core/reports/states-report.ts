/** Floor 0. Does a mail say of itself that it brings a TLS report (RFC 8460 §5.3)? Asked before it is looked into, and of mails that are too large for that. */

/** `head`: the header, or the beginning of the mail, as text. */
export function statesReport(head: string): boolean {
  const [header = ''] = head.split(/\r?\n\r?\n/, 1);
  const fields = header.replaceAll(/\r?\n[ \t]+/g, ' ');
  return (
    /^tls-report-(?:domain|submitter)[ \t]*:/im.test(fields) ||
    /^content-type[ \t]*:.*(?:report-type[ \t]*=[ \t]*"?tlsrpt|application\/tlsrpt\+)/im.test(fields)
  );
}
