// What PostgreSQL keeps from a role without pg_read_all_stats (pg_monitor has it): texts and states of every other role.

/** Stands where a statement of another role would. */
export const HIDDEN_TEXT = '<insufficient privilege>';

export const hiddenSentence = (what: 'statements' | 'sessions'): string =>
  `${what} of other roles are hidden until this role is granted pg_read_all_stats`;
