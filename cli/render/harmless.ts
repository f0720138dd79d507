/** Characters that would steer a terminal instead of being read on it: control, direction and line separators. */
const STEERING = /[\p{Cc}\u200E\u200F\u202A-\u202E\u2066-\u2069\p{Zl}\p{Zp}]/gu;

/**
 * The same document with every text made safe to print. Comments, names and error messages come from people and from the services
 * they look at; none of them may colour a failing line green or move the cursor.
 */
export function harmless<T>(document: T): T {
  if (typeof document === 'string')
    return document
      .replace(/\s*[\r\n]+\s*/g, ' / ')
      .replaceAll('\t', ' ')
      .replace(STEERING, '·') as T;
  if (Array.isArray(document)) return document.map(harmless) as T;
  if (typeof document !== 'object' || document === null) return document;
  return Object.fromEntries(Object.entries(document).map(([key, value]) => [key, harmless(value as unknown)])) as T;
}
