#!/bin/sh
# Makes the namespace and its search attributes where they are missing. TEMPORAL_ADDRESS and TEMPORAL_NAMESPACE say where; the CLI reads them itself.
set -eu

# An audit must be readable well after the launch it speaks of.
RETENTION=30d
# After the server answers, its first namespace may take some seconds to be served everywhere.
ATTEMPTS=30

temporal operator namespace describe --namespace "$TEMPORAL_NAMESPACE" > /dev/null 2>&1 ||
  temporal operator namespace create --namespace "$TEMPORAL_NAMESPACE" --retention "$RETENTION"

attempt=1
until present=$(temporal operator search-attribute list --namespace "$TEMPORAL_NAMESPACE"); do
  [ "$attempt" -lt "$ATTEMPTS" ] || { echo "the namespace $TEMPORAL_NAMESPACE is not served after $ATTEMPTS seconds" >&2; exit 1; }
  attempt=$((attempt + 1))
  sleep 1
done

# The same as workers/namespace.ts; a test compares them.
for attribute in TminusRelease=Keyword TminusService=Keyword TminusPhase=Keyword TminusVerdict=Keyword TminusEnding=Keyword TminusLaunchAt=Datetime TminusNextCheckpointAt=Datetime; do
  name=${attribute%=*}
  printf '%s\n' "$present" | grep -qw "$name" ||
    temporal operator search-attribute create --namespace "$TEMPORAL_NAMESPACE" --name "$name" --type "${attribute#*=}"
done
echo "namespace $TEMPORAL_NAMESPACE is ready"
