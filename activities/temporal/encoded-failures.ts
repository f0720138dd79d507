// Failure converter for encrypted payloads: message and stack are encoded too. Loaded by path, by the SDK and by the workflow bundle.
import { DefaultFailureConverter } from '@temporalio/common';

export const failureConverter = new DefaultFailureConverter({ encodeCommonAttributes: true });
