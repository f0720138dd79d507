// What a worker process does: TMINUS_ROLES names some of these, separated by commas.

const ROLES = ['countdowns', 'clusters', 'load'] as const;
export type Role = (typeof ROLES)[number];

export class UnknownRole extends Error {
  override readonly name = 'UnknownRole';
}

/** All of them where nothing is said. Throws UnknownRole: a worker with a misspelt role would wait for ever, and report that it is ready. */
export function rolesOf(text: string | undefined): Role[] {
  if (text === undefined) return [...ROLES];
  return text.split(',').map((part) => {
    const role = ROLES.find((known) => known === part.trim());
    if (role === undefined) throw new UnknownRole(`TMINUS_ROLES: "${part.trim()}" is not one of ${ROLES.join(', ')}`);
    return role;
  });
}
