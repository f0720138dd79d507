import { digestOf } from './digest.ts';

/** `sha256:<64 hex>` over what a countdown is started with, apart from the signature over it and state carried from an earlier run. */
export function inputDigest(input: object): string {
  return digestOf({ ...input, start: undefined, carried: undefined });
}
