#!/bin/sh
# Creates the namespace and its search attributes if missing. The Temporal CLI reads TEMPORAL_ADDRESS and TEMPORAL_NAMESPACE.
set -eu

# Histories must remain readable well after their launch.
RETENTION=30d
# A new namespace may take some seconds to become available on all services.
ATTEMPTS=30

temporal operator namespace describe --namespace "$TEMPORAL_NAMESPACE" > /dev/null 2>&1 ||
  temporal operator namespace create --namespace "$TEMPORAL_NAMESPACE" --retention "$RETENTION"

attempt=1
until present=$(temporal operator search-attribute list --namespace "$TEMPORAL_NAMESPACE"); do
  [ "$attempt" -lt "$ATTEMPTS" ] || { echo "the namespace $TEMPORAL_NAMESPACE is not available after $ATTEMPTS seconds" >&2; exit 1; }
  attempt=$((attempt + 1))
  sleep 1
done

# Same list as in workers/namespace.ts; a test compares them.
for attribute in TminusRelease=Keyword TminusService=Keyword TminusPhase=Keyword TminusVerdict=Keyword TminusEnding=Keyword \
  TminusLaunchAt=Datetime TminusNextCheckpointAt=Datetime; do
  name=${attribute%=*}
  printf '%s\n' "$present" | grep -qw "$name" ||
    temporal operator search-attribute create --namespace "$TEMPORAL_NAMESPACE" --name "$name" --type "${attribute#*=}"
done
echo "namespace $TEMPORAL_NAMESPACE is ready"
