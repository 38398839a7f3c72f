/** Floor 0. One entry of `policies` in a TLS report (RFC 8460 §4.4), read leniently where senders are known to differ. */
import { isIpv4, parseHostName, parseIpv6 } from '../names.ts';
import { policyTypes, resultTypes, type TlsReportFailure, type TlsReportPolicy } from './model.ts';
import { missingOr, readCount, readObject, readObjects, readText, readTexts, requireText } from './report-fields.ts';
import { quoted, type ReportObject, type ReportReading } from './report-reading.ts';

/** Null: there is an issue. */
export function readPolicy(reading: ReportReading, entry: ReportObject): TlsReportPolicy | null {
  const policy = readObject(entry, 'policy');
  if (policy === null) {
    reading.refuse('REPORT_FIELD', entry, 'policy', missingOr(entry.get('policy'), 'an object'));
    return null;
  }
  const failureDetails = (readObjects(reading, entry, 'failure-details') ?? []).map((one) => readFailure(reading, one));
  return {
    policyType: known(reading, policy, 'policy-type', requireText(reading, policy, 'policy-type'), policyTypes),
    policyDomain: readDomain(reading, policy),
    policyStrings: readTexts(reading, policy, 'policy-string'),
    mxHosts: readTexts(reading, policy, 'mx-host'),
    ...readSummary(reading, entry, failureDetails),
    failureDetails,
  };
}

/** A missing count of failures is what the details add up to; a missing one of successes is 0: nobody is told to have succeeded. */
function readSummary(reading: ReportReading, entry: ReportObject, details: readonly TlsReportFailure[]) {
  const summary = readObject(entry, 'summary') ?? { get: () => undefined, place: () => `${entry.place()}.summary` };
  const [succeeded, failed] = ['total-successful-session-count', 'total-failure-session-count'];
  const sum = details.reduce((total, { failedSessionCount }) => total + failedSessionCount, 0);
  const success = readCount(reading, summary, succeeded);
  if (success === null) reading.warn('REPORT_MISSING', summary, succeeded, 'is missing; read as 0');
  const failure = readCount(reading, summary, failed);
  if (failure === null) {
    reading.warn('REPORT_MISSING', summary, failed, 'is missing; the details are added up');
    if (!Number.isSafeInteger(sum))
      reading.refuse('REPORT_COUNT', summary, failed, 'is missing, and the details overflow');
  } else if (failure !== sum) {
    // §4.2: a session may fail in more than one way, so more is no contradiction; less leaves failures unexplained.
    const what = sum > failure ? 'is less than its details add up to' : 'is more than its details add up to';
    reading.warn('REPORT_SUM', summary, failed, what, `: ${failure}, details ${sum}`);
  }
  return { totalSuccessfulSessionCount: success ?? 0, totalFailureSessionCount: failure ?? sum };
}

function readFailure(reading: ReportReading, detail: ReportObject): TlsReportFailure {
  const failedSessionCount = readCount(reading, detail, 'failed-session-count');
  if (failedSessionCount === null)
    reading.warn('REPORT_MISSING', detail, 'failed-session-count', 'is missing; read as 0');
  return {
    resultType: readResultType(reading, detail),
    failedSessionCount: failedSessionCount ?? 0,
    sendingMtaIp: readAddress(reading, detail, 'sending-mta-ip'),
    receivingMxHostname: readText(reading, detail, 'receiving-mx-hostname'),
    receivingMxHelo: readText(reading, detail, 'receiving-mx-helo'),
    receivingIp: readAddress(reading, detail, 'receiving-ip'),
    additionalInformation: readText(reading, detail, 'additional-information'),
    failureReasonCode: readText(reading, detail, 'failure-reason-code'),
  };
}

/** §4.3.2.4: `validation-failure` is the type of what has no type of its own, so it is what a failure without one is. */
function readResultType(reading: ReportReading, detail: ReportObject): string {
  const text = readText(reading, detail, 'result-type');
  if (text !== null) return known(reading, detail, 'result-type', text, resultTypes);
  reading.warn('REPORT_MISSING', detail, 'result-type', 'is missing; read as validation-failure');
  return 'validation-failure';
}

/** Kept as it stands: a sender may know what we do not (the registry of §6.6 is open). In other case it is the known one. */
function known(
  reading: ReportReading,
  object: ReportObject,
  name: string,
  text: string,
  words: readonly string[],
): string {
  if (text === '' || words.includes(text)) return text;
  const lower = text.trim().toLowerCase();
  if (words.includes(lower)) {
    reading.warn('REPORT_KIND', object, name, 'is not in lower case; read as if');
    return lower;
  }
  reading.warn('REPORT_UNKNOWN_TYPE', object, name, 'is not of RFC 8460; kept', `: ${quoted(text)}`);
  return text;
}

/** Addresses stay as they are written, so that they can be looked up in the sender's logs. */
function readAddress(reading: ReportReading, detail: ReportObject, name: string): string | null {
  const text = readText(reading, detail, name);
  if (text !== null && !isIpv4(text) && parseIpv6(text) === null)
    reading.warn('REPORT_ADDRESS', detail, name, 'is not an IP address; kept', `: ${quoted(text)}`);
  return text;
}

/** RFC 8460 §4.4 asks for A-labels; mox writes U-labels. */
function readDomain(reading: ReportReading, policy: ReportObject): string | null {
  const name = 'policy-domain';
  const text = readText(reading, policy, name);
  if (text === null) {
    // The library that Postfix reports through leaves it out under no-policy-found.
    reading.warn('REPORT_MISSING', policy, name, 'is missing');
    return null;
  }
  const host = parseHostName(text);
  if (!host.ok) {
    reading.warn('REPORT_DOMAIN', policy, name, 'is not a host name; left out', `: ${quoted(text)}`);
    return null;
  }
  if (/[^!-~]/.test(text)) reading.warn('REPORT_U_LABEL', policy, name, 'is in Unicode; read in A-labels');
  return host.value;
}
