// Evidence that this program wrote itself, one JSON document a line.
import { UnreadableEvidence } from './analysis.ts';

/** Larger than any rollout, guard or runtime record: a day of looks each 5 s has 40 MB. */
const LIMIT_BYTES = 128 * 1024 * 1024;

/** The documents in their order. Throws UnreadableEvidence with the line that is none. */
export async function readJsonLines(bytes: AsyncIterable<Uint8Array>): Promise<unknown[]> {
  const decoder = new TextDecoder();
  let text = '';
  let size = 0;
  for await (const chunk of bytes) {
    size += chunk.length;
    if (size > LIMIT_BYTES)
      throw new UnreadableEvidence(
        `this record is larger than ${LIMIT_BYTES / 1024 / 1024} MB`,
        `byte ${LIMIT_BYTES}`,
        'no step writes as much',
      );
    text += decoder.decode(chunk, { stream: true });
  }
  return (text + decoder.decode()).split('\n').flatMap((line, index) => {
    if (line.trim() === '') return [];
    try {
      return [JSON.parse(line) as unknown];
    } catch {
      throw new UnreadableEvidence('this is no JSON document', `line ${index + 1}`, 'capture the evidence again; the record is damaged');
    }
  });
}
