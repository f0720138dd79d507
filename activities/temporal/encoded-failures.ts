// How failures become payloads where payloads are encrypted: message and stack are encoded like everything else. Loaded by path, by the SDK and by
// the workflow bundle.
import { DefaultFailureConverter } from '@temporalio/common';

export const failureConverter = new DefaultFailureConverter({ encodeCommonAttributes: true });
