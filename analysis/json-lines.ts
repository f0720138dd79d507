// Reads evidence that Tminus wrote, one JSON document a line.
import { UnreadableEvidence } from './analysis.ts';
import { size as sizeText } from '../verdict/wording/index.ts';

/** Larger than any rollout, guard or runtime record: a day of samples every 5 s has 40 MB. */
const MAX_BYTES = 128 * 1024 * 1024;

/** The documents in their order. Throws UnreadableEvidence with the number of a malformed line. */
export async function readJsonLines(bytes: AsyncIterable<Uint8Array>): Promise<unknown[]> {
  const decoder = new TextDecoder();
  let text = '';
  let size = 0;
  for await (const chunk of bytes) {
    size += chunk.length;
    if (size > MAX_BYTES)
      throw new UnreadableEvidence(
        `the record is larger than ${sizeText(MAX_BYTES)}`,
        `byte ${MAX_BYTES}`,
        'no step writes a record of this size',
      );
    text += decoder.decode(chunk, { stream: true });
  }
  return (text + decoder.decode()).split('\n').flatMap((line, index) => {
    if (line.trim() === '') return [];
    try {
      return [JSON.parse(line) as unknown];
    } catch {
      throw new UnreadableEvidence('not a JSON document', `line ${index + 1}`, 'capture the evidence again; the record is damaged');
    }
  });
}
