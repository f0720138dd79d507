import type { Finding } from '../../verdict/finding.ts';
import { besideLimit, comparison } from '../../verdict/wording/index.ts';

/** The message; with measured value and limit unless the message contains the limit. */
export function findingText(finding: Pick<Finding, 'measured' | 'limit' | 'unit' | 'outcome' | 'message'>): string {
  const numbers = comparison(finding);
  return numbers === '' || namesLimit(finding) ? finding.message : `${finding.message}   (${numbers})`;
}

function namesLimit({ measured, limit, unit, message }: Parameters<typeof findingText>[0]): boolean {
  if (typeof limit !== 'number') return limit === null;
  return message.includes(besideLimit(typeof measured === 'number' ? measured : limit, limit, unit)[1]);
}
