import type { World } from '../request/world.ts';

/** Where people read about a release; part of each answer about one. */
export const linksOf = ({ links }: World, release: string): { page: string } => ({
  page: `${links.pageBase}/r/${encodeURIComponent(release)}`,
});
