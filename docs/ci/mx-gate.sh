#!/usr/bin/env bash
# Stops a change that would move MX before senders are ready for it.
#
#   bash mx-gate.sh BASE      BASE: the commit to compare with, such as origin/main
#
# MX as code, as plainly as can be: a file mx/DOMAIN for each domain, a host a line. Where yours is in another form (DNSControl, octoDNS, zone
# files), replace `hosts_of` by what prints the hosts of a domain at a commit, one a line.
#
# Exit 1: some change is not safe yet; each says from when it is. `stsync when` answers for all senders, also those that never look at the id.
set -euo pipefail
base=$1
config=${STSYNC_CONFIG:-domains}

hosts_of() { # COMMIT DOMAIN
  git show "$1:mx/$2" 2>/dev/null | sed -e 's/#.*//' -e 's/[[:space:]]//g' -e '/^$/d' | tr '[:upper:]' '[:lower:]' | sort -u
}

early=0
for file in $(git diff --name-only "$base...HEAD" -- mx/); do
  domain=${file#mx/}
  before=$(hosts_of "$(git merge-base "$base" HEAD)" "$domain" || true)
  after=$(hosts_of HEAD "$domain" || true)
  for host in $(comm -13 <(printf '%s\n' "$before") <(printf '%s\n' "$after")); do
    echo "$domain: may $host be added to MX?"
    stsync when "$domain" --config "$config" --add-mx "$host" || early=1
  done
  for host in $(comm -23 <(printf '%s\n' "$before") <(printf '%s\n' "$after")); do
    echo "$domain: may $host be taken out of MX?"
    stsync when "$domain" --config "$config" --remove-mx "$host" || early=1
  done
done
if [ "$early" != 0 ]; then
  echo "MX would move too early: merge the change of domains/ first, and this one at the time said above." >&2
  exit 1
fi
