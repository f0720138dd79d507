// How workflows read what they are sent. Anything may signal a countdown, in any encoding, and a payload that cannot be read would fail its
// workflow task for good: no hold, no abort and no rollback could run any more.
import { defaultPayloadConverter, type PayloadConverter } from '@temporalio/workflow';

/** As the default, but what cannot be read is undefined: a Signal without a word, an Update that its validator refuses. */
export const payloadConverter: PayloadConverter = {
  toPayload: (...given) => defaultPayloadConverter.toPayload(...given),
  fromPayload(...given) {
    try {
      return defaultPayloadConverter.fromPayload(...given);
    } catch {
      return undefined as never;
    }
  },
};
