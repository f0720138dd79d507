import type { Dependencies } from '../request/dependencies.ts';

/** Address of the page of a release, part of every response about it. */
export const linksOf = ({ links }: Dependencies, release: string): { page: string } => ({
  page: `${links.pageBase}/r/${encodeURIComponent(release)}`,
});
