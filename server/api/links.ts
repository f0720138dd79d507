import type { World } from '../request/world.ts';

/** Address of the page of a release, part of every response about it. */
export const linksOf = ({ links }: World, release: string): { page: string } => ({
  page: `${links.pageBase}/r/${encodeURIComponent(release)}`,
});
