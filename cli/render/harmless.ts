/** Characters that control the terminal: control characters, text direction, line separators. */
const CONTROL = /[\p{Cc}\u200E\u200F\u202A-\u202E\u2066-\u2069\p{Zl}\p{Zp}]/gu;

/**
 * The same document with every text made safe to print. Comments, names and error messages come from people and other services;
 * they must not set colours or move the cursor.
 */
export function harmless<T>(document: T): T {
  if (typeof document === 'string')
    return document
      .replace(/\s*[\r\n]+\s*/g, ' / ')
      .replaceAll('\t', ' ')
      .replace(CONTROL, '·') as T;
  if (Array.isArray(document)) return document.map(harmless) as T;
  if (typeof document !== 'object' || document === null) return document;
  return Object.fromEntries(Object.entries(document).map(([key, value]) => [key, harmless(value as unknown)])) as T;
}
