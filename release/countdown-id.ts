// Workflow ids of countdowns and their restorers.

const PREFIX = 'countdown/';

export const countdownId = (release: string): string => `${PREFIX}${release}`;

/** The release of a countdown's workflow id; an id of another form as it is. */
export const releaseOfCountdown = (id: string): string => (id.startsWith(PREFIX) ? id.slice(PREFIX.length) : id);

/** One restorer per first run, because its id outlives continue-as-new and reset. */
export const restorerId = ({ release, firstRunId }: { release: string; firstRunId: string }): string => `restorer/${release}/${firstRunId}`;
