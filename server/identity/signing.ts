import type { Signed } from '../../verdict/signed.ts';
import type { ActionRequest } from '../../verdict/action.ts';
import { openKeyPair } from '../../activities/identity/key-pair.ts';
import { canonicalJson } from '../../verdict/digest.ts';
import type { Start } from '../../release/countdown-input.ts';

/** Signs requests of people: the server states that it verified the principal and received this request. */
export interface Signer {
  keyId: string;
  sign(request: ActionRequest | Start): Signed;
}

export interface SignerFiles {
  /** PKCS8 PEM, mode 600. */
  signingKey: string;
  /** Folder of `<keyId>.pem`: the keys that workers trust. */
  publicKeys: string;
}

/** Loads the Ed25519 key; creates the key pair on first use. Throws if the private key is readable by other users. */
export function loadSigner({ signingKey, publicKeys }: SignerFiles): Signer {
  const key = openKeyPair({ privateKey: signingKey, publicKeys });
  return {
    keyId: key.keyId,
    sign(request) {
      const payload = canonicalJson(request);
      return { payload, keyId: key.keyId, signature: key.sign(payload) };
    },
  };
}
