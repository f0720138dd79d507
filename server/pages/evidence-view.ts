// The view of a piece of evidence, from the query string: `?at=0.2&before=sha256:...&type=inuse_space`.
import type { EvidenceRef, Finding } from '../../verdict/finding.ts';
import type { Reading } from '../evidence/figures-thread.ts';
import type { Figures } from '../evidence/read-figures.ts';
import type { AppContext, Visitor } from '../request/context.ts';
import { ApiError } from '../request/refusal.ts';
import { releaseNameOf } from '../request/release-name.ts';
import type { World } from '../request/world.ts';

export interface Look {
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
  /** As the countdown stored them: those of its findings that name this evidence. */
  findings: readonly Finding[];
  figures: Reading<Figures>;
  look: Look;
  /** Other evidence of the same kind, to compare with. */
  others: readonly EvidenceRef[];
  /** Address of this page with another view. */
  addressOf: (changed: Partial<Look>) => string;
  visitor: Visitor | null;
}

// Longer than the deepest path of a flame graph of 48 rows.
const PATH = /^[0-9.]{0,400}$/;
const SAMPLE_TYPE = /^[\w-]{1,64}$/;

/** Reads what there is to see. Only evidence that the release itself names can be looked at. */
export async function lookAt({ countdowns, figures }: World, c: AppContext, digest: string): Promise<EvidenceView> {
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
  const look = lookOf(c.req.query(), others);
  return {
    release,
    where,
    ref,
    findings: checkpoints.flatMap(({ steps }) => steps.flatMap((step) => step.findings)).filter((each) => each.evidence.includes(digest)),
    figures: await figures.figures({ kind: ref.kind, digest, before: look.before, sampleType: look.type, diagnosis }),
    look,
    others,
    addressOf: (changed) => addressOf(`/r/${release}/evidence/${digest}`, { ...look, ...changed }),
    visitor: c.get('visitor'),
  };
}

function lookOf(query: Readonly<Record<string, string>>, others: readonly EvidenceRef[]): Look {
  return {
    at: PATH.exec(query['at'] ?? '')?.[0] ?? '',
    before: others.find(({ digest }) => digest === query['before'])?.digest ?? null,
    type: SAMPLE_TYPE.exec(query['type'] ?? '')?.[0] ?? null,
  };
}

/** Defaults are left out, so that each view has one address. */
function addressOf(page: string, { at, before, type }: Look): string {
  const query = new URLSearchParams();
  if (type !== null) query.set('type', type);
  if (before !== null) query.set('before', before);
  if (at !== '') query.set('at', at);
  return query.size === 0 ? page : `${page}?${query.toString()}`;
}
