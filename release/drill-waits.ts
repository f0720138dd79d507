// How long a drill waits: for the rules of the release file and for the workflow, which may not load the schemas.

/** Detection and recovery are waited for beyond their limits, so that a late one is measured; after this many limits they are given up. */
export const LIMITS_WAITED = 2;
