// The view of a piece of evidence, from the query string: `?at=0.2&before=sha256:...&type=inuse_space`.
import type { EvidenceRef, Finding } from '../../verdict/finding.ts';
import type { Reading } from '../evidence/figures-thread.ts';
import type { Figures } from '../evidence/read-figures.ts';
import type { AppContext, Visitor } from '../request/context.ts';
import { ApiError } from '../request/refusal.ts';
import { releaseNameOf } from '../request/release-name.ts';
import type { Dependencies } from '../request/dependencies.ts';

/** Query string of the page. */
export interface EvidenceQuery {
  /** Path of the root of the flame graph; empty for the whole. */
  at: string;
  /** Digest of the earlier profile to compare with. */
  before: string | null;
  /** Sample type of a profile; null for its default. */
  type: string | null;
}

export interface EvidenceView {
  release: string;
  where: string;
  ref: EvidenceRef;
  /** Findings of the countdown that reference this evidence, as stored. */
  findings: readonly Finding[];
  figures: Reading<Figures>;
  query: EvidenceQuery;
  /** Other evidence of the same kind, to compare with. */
  others: readonly EvidenceRef[];
  /** Address of this page with another view. */
  addressOf: (changed: Partial<EvidenceQuery>) => string;
  visitor: Visitor | null;
}

// Longer than the deepest path of a flame graph of 48 rows.
const PATH = /^[0-9.]{0,400}$/;
const SAMPLE_TYPE = /^[\w-]{1,64}$/;

/** Reads the data of the page. Only evidence that the release references has a page. */
export async function readEvidenceView({ countdowns, figures }: Dependencies, c: AppContext, digest: string): Promise<EvidenceView> {
  const release = releaseNameOf(c);
  const { checkpoints } = await countdowns.status(release);
  const all = checkpoints.flatMap(({ name, steps }) =>
    steps.flatMap((step) => step.evidence.map((ref) => ({ ref, where: `${name} / ${step.name}`, beside: step.evidence }))),
  );
  const found = all.find(({ ref }) => ref.digest === digest);
  if (!found) throw new ApiError('NotFound', `${release} has no evidence ${digest}`, 'the pages of the release link to all its evidence');
  const { ref, where, beside } = found;
  const diagnosis = beside.find(({ kind }) => kind === 'diagnosis')?.digest;
  const others = all.map((each) => each.ref).filter((each) => each.kind === ref.kind && each.digest !== digest);
  const query = readQuery(c.req.query(), others);
  return {
    release,
    where,
    ref,
    findings: checkpoints.flatMap(({ steps }) => steps.flatMap((step) => step.findings)).filter((each) => each.evidence.includes(digest)),
    figures: await figures.figures({ kind: ref.kind, digest, before: query.before, sampleType: query.type, diagnosis }),
    query,
    others,
    addressOf: (changed) => addressOf(`/r/${release}/evidence/${digest}`, { ...query, ...changed }),
    visitor: c.get('visitor'),
  };
}

function readQuery(params: Readonly<Record<string, string>>, others: readonly EvidenceRef[]): EvidenceQuery {
  return {
    at: PATH.exec(params['at'] ?? '')?.[0] ?? '',
    before: others.find(({ digest }) => digest === params['before'])?.digest ?? null,
    type: SAMPLE_TYPE.exec(params['type'] ?? '')?.[0] ?? null,
  };
}

/** Defaults are left out, so that each view has one address. */
function addressOf(page: string, { at, before, type }: EvidenceQuery): string {
  const query = new URLSearchParams();
  if (type !== null) query.set('type', type);
  if (before !== null) query.set('before', before);
  if (at !== '') query.set('at', at);
  return query.size === 0 ? page : `${page}?${query.toString()}`;
}
