// The token file: people and their groups. It contains only hashes of tokens.
import { parse } from 'yaml';
import { z } from 'zod';

const tokenFileSchema = z.strictObject({
  tokens: z.array(
    z.strictObject({
      sha256: z.string().regex(/^[0-9a-f]{64}$/, 'write the 64 hex digits of SHA-256 over the token'),
      issuer: z.literal('local'),
      subject: z.string().min(1),
      displayName: z.string().min(1),
      groups: z.array(z.string().min(1)),
    }),
  ),
});

export type TokenRow = z.infer<typeof tokenFileSchema>['tokens'][number];

/** The rows of a token file. Throws if it is not one; `file` is for the message. */
export function tokenRowsOf(text: string, file: string): TokenRow[] {
  const parsed = tokenFileSchema.safeParse(parse(text));
  if (!parsed.success) throw new Error(`${file} is not a token file: ${z.prettifyError(parsed.error)}`);
  return parsed.data.tokens;
}

/** Subjects in one of these groups, each once: a person may have several tokens. */
export const membersOf = (rows: readonly TokenRow[], groups: readonly string[]): string[] => [
  ...new Set(rows.filter((row) => row.groups.some((group) => groups.includes(group))).map(({ subject }) => subject)),
];
